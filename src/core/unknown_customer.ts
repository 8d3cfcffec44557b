import { DomainError } from "./errors.ts";

/** Of the default world. */
export const EXAMPLE_CUSTOMER_ID = "cust_123";

/**
 * `unknown_customer`; another tenant's looks exactly like one that does not exist.
 *
 * @param known what the tenant has: the example customer, others, or, where no world was loaded into it, none
 */
export function unknownCustomer(
  customerId: string,
  tenantId: string,
  known: "example" | "others" | "none",
): DomainError {
  const nextMoves = {
    example: `Use an existing customer_id of this tenant, such as "${EXAMPLE_CUSTOMER_ID}".`,
    others: "Use an existing customer_id of this tenant.",
    none:
      `The tenant "${tenantId}" has no customers yet: fill it with deno task simulate --tenant ${tenantId}`,
  } as const;
  return new DomainError("unknown_customer", `There is no customer "${customerId}".`, {
    field: "customer_id",
    nextMove: nextMoves[known],
  });
}
