function a() {}
export { a as 'odd \n name', a as default };
export * as 'x y' from 'lib/a';
