type Port = { readonly [name: string]: (...args: never[]) => Promise<unknown> };

/**
 * A port whose adapter is loaded at the first call, for adapters that a no-op does not need.
 * @param names the port's methods, all of which answer by a promise
 */
export function lazyPort<T extends { readonly [K in keyof T]: Port[string] }>(
  load: () => Promise<T>,
  names: { readonly [K in keyof T]: true },
): { readonly port: T; readonly loaded: () => Promise<T> | undefined } {
  let loaded: Promise<T> | undefined;
  const methods = Object.keys(names).map((name) => {
    const call = async (...args: never[]): Promise<unknown> => {
      const adapter = await (loaded ??= load());
      return adapter[name as keyof T](...args);
    };
    return [name, call] as const;
  });
  return { port: Object.fromEntries(methods) as unknown as T, loaded: () => loaded };
}
