// The part of the WebAssembly JavaScript interface that the renderer uses: neither ES nor Node's types declare it.
declare namespace WebAssembly {
  const Module: {
    imports(module: Module): readonly { readonly module: string; readonly name: string }[];
  };
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, (...args: never[]) => unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
