import { z } from "zod";
import { tenantDay } from "../../times.ts";

/** The parts that the wallet tools answer alike. */
export const amount = z.string().describe('Major units with the currency\'s decimals, such as "100.00".');
export const amountMinor = z.int().describe("Minor units, such as cents.");
export const money = z.object({ amount, amount_minor: amountMinor, currency: z.string() });

/** Stands where a figure cannot be given yet. */
export const insufficientData = z.object({
  basis: z.literal("insufficient_data"),
  sample_size: z.number(),
  missing: z.string().describe("What would have to be there."),
});

export const runOut = z.union([
  z.object({
    basis: z.string().describe("The method."),
    sample_size: z.int().describe("Days of history."),
    probability: z.number().describe("That it runs out within within_days."),
    within_days: z.int(),
    date: tenantDay("In the middle of the forecasts").nullable().describe("Null beyond within_days."),
    interval: z.object({
      level: z.number(),
      low: tenantDay("An early day").nullable(),
      high: tenantDay("A late day").nullable(),
    }),
  }),
  insufficientData,
]).describe("When the available money is used up, if nothing is topped up.");
