-- Entities on whose values those of others hang (`partner.tier`): when one moves, the others are looked at. Only references that somebody reads through.
CREATE TABLE hangs (
    target INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    PRIMARY KEY (target, entity)
) WITHOUT ROWID;
ALTER TABLE field ADD COLUMN hangs INTEGER NOT NULL DEFAULT 0;
-- By which date and rules all entities were last looked through for what is derived from them.
ALTER TABLE mapping ADD COLUMN derived TEXT;
