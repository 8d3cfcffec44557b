import type { Html } from "../page.ts";

/** A refund or a transfer as the page shows it, whichever it is. */
export interface ApprovalItem {
  readonly kind: "refund" | "transfer";
  /** Of the refund or the transfer. */
  readonly id: string;
  /** What would happen: "Refund of 20.00 USD to Dana". */
  readonly title: string;
  readonly facts: readonly { readonly label: string; readonly value: Html | string }[];
  readonly risk: {
    readonly name: string;
    readonly score: number;
    /** From which score on a person is asked, and from which it is refused. */
    readonly askAt: number;
    readonly refuseAt: number;
  };
  /** Why a person is asked, in one sentence. */
  readonly why: string;
  /** Why it cannot be done any more although it waits; null where it can. */
  readonly obstacle: string | null;
  /** What came of it where it went wrong; null where its status says all. */
  readonly outcome: string | null;
  /** What speaks for and against it, each with its figures. */
  readonly evidence: readonly { readonly what: string; readonly figures: string }[];
  readonly askedBy: string;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  /** As it is now. */
  readonly status: string;
}
