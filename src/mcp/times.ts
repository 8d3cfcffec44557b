import { z } from "zod";

/**
 * Two clocks stand in the answers, and each time says by which it is. What happens in a tenant's world, money that moves,
 * payments that are made, requests that come in, has the tenant's time, which a simulated time takes ahead. What the server
 * itself does, takes a call, writes a row, gives a deadline, has the real time.
 */
const instant = (description: string) => z.string().meta({ format: "date-time", description });

/** RFC 3339 in UTC. */
export const realTime = (what: string) => instant(`${what}, by the real clock.`);

/** RFC 3339 in UTC. */
export const tenantTime = (what: string) => instant(`${what}, by the tenant's clock.`);

/** The same for a whole day. */
export const tenantDay = (what: string) =>
  z.string().meta({ format: "date", description: `${what}, by the tenant's clock.` });

export const createdAt = realTime("When the call was taken");
export const expiresAt = realTime("Until when it waits");
