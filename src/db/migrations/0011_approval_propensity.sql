-- With which probability the screen let each payment pass: what a model is trained with that learns from approved
-- payments, each with the weight 1 over it. It comes from the same value as the audit row, so the two cannot differ; null
-- for payments from before it was kept and for history that nobody screened. It is between 0 and 1 by how it is made
-- (src/fraud/screen_payment.ts); a rule of its own would be read anew by every statement that writes a payment.
--
-- Locks: payments, exclusively and for an instant: nothing is rewritten. Servers of the version before go on writing.

alter table payments add column approval_propensity double precision;
