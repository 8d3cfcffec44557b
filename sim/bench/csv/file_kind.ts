import { DatasetError } from "./dataset_error.ts";

export type FileKind = "text" | "parquet";

const HEAD_BYTES = 4_096;

/** Of files that begin like this, what they are and how they become text. */
const OTHER_KINDS: readonly {
  readonly begins: readonly number[];
  readonly is: string;
  readonly then: string;
}[] = [
  { begins: [0x1f, 0x8b], is: "compressed by gzip", then: "Unpack it first: gunzip" },
  { begins: [0x28, 0xb5, 0x2f, 0xfd], is: "compressed by zstd", then: "Unpack it first: unzstd" },
  { begins: [0x42, 0x5a, 0x68], is: "compressed by bzip2", then: "Unpack it first: bunzip2" },
  { begins: [0xfd, 0x37, 0x7a, 0x58, 0x5a], is: "compressed by xz", then: "Unpack it first: unxz" },
  {
    begins: [0x50, 0x4b, 0x03, 0x04],
    is: "a ZIP archive or a spreadsheet",
    then: "Unpack the CSV that is in it, or save the spreadsheet as CSV",
  },
  {
    begins: [0xff, 0xfe],
    is: "text in UTF-16",
    then: "Write it in UTF-8: iconv -f UTF-16 -t UTF-8 FILE > FILE.csv",
  },
  {
    begins: [0xfe, 0xff],
    is: "text in UTF-16",
    then: "Write it in UTF-8: iconv -f UTF-16 -t UTF-8 FILE > FILE.csv",
  },
];

/** What a data set's file is by its first bytes, whatever its name; what cannot be read is refused. */
export async function fileKind(path: string): Promise<{ readonly kind: FileKind; readonly bytes: number }> {
  const head = new Uint8Array(HEAD_BYTES);
  let read: number;
  let bytes: number;
  try {
    using file = await Deno.open(path);
    const { size, isDirectory } = await file.stat();
    if (isDirectory) throw new Error("it is a folder");
    bytes = size;
    read = await file.read(head) ?? 0;
  } catch (cause) {
    throw new DatasetError(
      "dataset_unreadable",
      `${path} cannot be read (${(cause as Error).message.replace(/\.$/, "")}). ` +
        `Give --dataset the path of a CSV or Parquet file.`,
      { cause },
    );
  }
  const begins = (bytes: readonly number[]) =>
    read >= bytes.length && bytes.every((byte, i) => head[i] === byte);
  if (begins([0x50, 0x41, 0x52, 0x31])) return { kind: "parquet", bytes };
  const other = OTHER_KINDS.find((kind) => begins(kind.begins));
  if (other !== undefined) {
    throw new DatasetError("dataset_wrong_format", `${path} is ${other.is}, not CSV. ${other.then}.`);
  }
  const nul = head.subarray(0, read).indexOf(0);
  if (nul >= 0) {
    throw new DatasetError(
      "dataset_wrong_format",
      `${path} is no text: its byte ${nul + 1} is 0. Give --dataset CSV in UTF-8, or Parquet.`,
    );
  }
  return { kind: "text", bytes };
}
