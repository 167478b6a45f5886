export const total: number = 1;
export default class Money<T extends object = {}> { readonly #a?: T; constructor(private b: T) { this.#a = b } static { Money.c = 1 } declare static c: number }
export type { A } from './a';
export enum Kind { A = 1 << 2, B = 'b', C = A | 1 }
export namespace N { export const x = 1 }
