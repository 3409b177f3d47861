// Keeps expected lines of workerd out of the output of tests.

/** Keeps texts that contain one of `expected` out of this process's stderr. All other output is unchanged. */
export function hideFromStderr(expected: readonly string[]): void {
  process.stderr.write = new Proxy(process.stderr.write, {
    apply: (write, stream, parameters) => {
      const [text] = parameters;
      const isExpected = typeof text === "string" && expected.some((part) => text.includes(part));
      return isExpected ? true : Reflect.apply(write, stream, parameters);
    },
  });
}
