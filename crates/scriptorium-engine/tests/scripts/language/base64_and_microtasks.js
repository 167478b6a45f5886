// expect: ok ["aGk=","hi",1]
export default async () => { let n = 0; queueMicrotask(() => n++); await null; await null; return [btoa('hi'), atob('aGk='), n] }
