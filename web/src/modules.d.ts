// The part of Alpine's interface that the pages use; the package carries no types.
declare module "@alpinejs/csp" {
  interface Magic {
    $refs: Record<string, HTMLElement>;
    $nextTick(callback?: () => void): Promise<void>;
    $watch(property: string, callback: (value: unknown) => void): void;
  }
  const Alpine: {
    start(): void;
    data<T extends object>(name: string, component: (...values: never[]) => T & ThisType<T & Magic>): void;
  };
  export default Alpine;
  export type { Magic };
}
declare module "*.css";
