import type { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { DatasetError } from "./dataset_error.ts";

const LINE_FEED = 10;

/**
 * A file's text, in pieces. Throws a {@link DatasetError} with the line of the first byte that is no UTF-8: put right by
 * guess, `José` and `Josè` of another encoding would be one customer.
 */
export async function* utf8Text(path: string, pieceBytes: number): AsyncGenerator<string> {
  const decoder = strictDecoder();
  for await (const piece of piecesOf(path, pieceBytes)) {
    let text: string;
    try {
      text = decoder.decode(piece, { stream: true });
    } catch (error) {
      throw await notUtf8(path, pieceBytes, error);
    }
    yield text;
  }
  try {
    decoder.decode();
  } catch (error) {
    throw await notUtf8(path, pieceBytes, error);
  }
}

async function notUtf8(path: string, pieceBytes: number, cause: unknown): Promise<DatasetError> {
  return new DatasetError(
    "dataset_wrong_format",
    `${path} line ${await lineOfFirstFault(path, pieceBytes)} is not UTF-8 text. Write the file in UTF-8: ` +
      "iconv -f LATIN1 -t UTF-8 FILE > FILE.csv, with the name of the encoding that it is in.",
    { cause },
  );
}

/** Reads the file again, line by line: a line feed ends every letter, so the fault is in the line that does not decode. */
async function lineOfFirstFault(path: string, pieceBytes: number): Promise<number> {
  const decoder = strictDecoder();
  let line = 1;
  for await (const piece of piecesOf(path, pieceBytes)) {
    for (let from = 0; from < piece.length;) {
      const end = piece.indexOf(LINE_FEED, from);
      try {
        decoder.decode(piece.subarray(from, end < 0 ? piece.length : end + 1), { stream: true });
      } catch {
        return line;
      }
      if (end < 0) break;
      from = end + 1;
      line++;
    }
  }
  return line;
}

function strictDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

function piecesOf(path: string, pieceBytes: number): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: pieceBytes });
}
