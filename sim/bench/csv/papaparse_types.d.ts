/**
 * The part of Papa Parse that is used here. Its published types bring types of Node of another version than Deno's, on
 * which other files then fail.
 */
interface ParseResults {
  readonly data: string[][];
  /** Where the reading stands, in characters from the beginning. */
  readonly meta: { readonly cursor: number };
}

interface ParseOptions {
  beforeFirstChunk(chunk: string): string;
  chunk(results: ParseResults, parser: { abort(): void }): void;
  complete(): void;
  error(error: Error): void;
}

declare const Papa: {
  parse(input: AsyncIterable<unknown>, options: ParseOptions): void;
};

export default Papa;
