import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { DatasetError } from "./dataset_error.ts";

const LINE_FEED = 10;

/**
 * A file's text, in pieces. Throws a {@link DatasetError} with the line of the first byte that is no UTF-8: put right by
 * guess, `José` and `Josè` of another encoding would be one customer.
 */
export async function* utf8Text(path: string, pieceBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** Lines that have ended, and what was read of the next one. */
  let lines = 0;
  let begun: Uint8Array = new Uint8Array();
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
    try {
      yield decoder.decode(piece, { stream: true });
    } catch (error) {
      throw notUtf8(path, lines, Buffer.concat([begun, piece]), error);
    }
    let from = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, from)) {
      if (from === 0) begun = new Uint8Array();
      from = end + 1;
      lines++;
    }
    begun = Buffer.concat([begun, piece.subarray(from)]);
  }
  try {
    decoder.decode();
  } catch (error) {
    throw notUtf8(path, lines, begun, error);
  }
}

function notUtf8(path: string, linesBefore: number, bytes: Uint8Array, cause: unknown): DatasetError {
  let [line, from] = [linesBefore + 1, 0];
  const isText = (end: number) => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(from, end));
      return true;
    } catch {
      return false;
    }
  };
  for (let end = bytes.indexOf(LINE_FEED); end >= 0 && isText(end); end = bytes.indexOf(LINE_FEED, from)) {
    from = end + 1;
    line++;
  }
  return new DatasetError(
    "dataset_wrong_format",
    `${path} line ${line} is not UTF-8 text. Write the file in UTF-8: iconv -f LATIN1 -t UTF-8 FILE > FILE.csv, with the ` +
      "name of the encoding that it is in.",
    { cause },
  );
}
