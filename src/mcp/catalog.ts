import type { Tool } from "./define_tool.ts";
import { createPaymentTool } from "./tools/payments/create_payment.ts";
import { getPaymentStatusTool } from "./tools/payments/get_payment_status.ts";
import { verifyPaymentTool } from "./tools/payments/verify_payment.ts";

/** Every tool there is, in the order of the listing. */
export const TOOLS: readonly Tool[] = [
  createPaymentTool,
  verifyPaymentTool,
  getPaymentStatusTool,
];

export const TOOL_BY_NAME: ReadonlyMap<string, Tool> = new Map(TOOLS.map((tool) => [tool.name, tool]));
