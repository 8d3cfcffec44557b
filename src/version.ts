/** The program's version, as the protocol and the metrics report it. */
export const VERSION = "0.1.0";
