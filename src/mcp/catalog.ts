import type { Tool } from "./define_tool.ts";
import { createPaymentTool } from "./tools/payments/create_payment.ts";
import { getPaymentStatusTool } from "./tools/payments/get_payment_status.ts";
import { refundPaymentTool } from "./tools/payments/refund_payment.ts";
import { verifyPaymentTool } from "./tools/payments/verify_payment.ts";
import { getWalletBalanceTool } from "./tools/wallets/get_wallet_balance.ts";
import { topUpWalletTool } from "./tools/wallets/top_up_wallet.ts";
import { transferFundsTool } from "./tools/wallets/transfer_funds.ts";
import { walletTransactionHistoryTool } from "./tools/wallets/wallet_transaction_history.ts";

/** Every tool there is, in the order of the listing. */
export const TOOLS: readonly Tool[] = [
  createPaymentTool,
  verifyPaymentTool,
  refundPaymentTool,
  getPaymentStatusTool,
  getWalletBalanceTool,
  transferFundsTool,
  walletTransactionHistoryTool,
  topUpWalletTool,
];

export const TOOL_BY_NAME: ReadonlyMap<string, Tool> = new Map(TOOLS.map((tool) => [tool.name, tool]));
