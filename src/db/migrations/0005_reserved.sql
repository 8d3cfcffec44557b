-- Holds the number until the migration that has it is merged: numbers have no gaps. Does nothing.
--
-- Locks: nothing.

select 1;
