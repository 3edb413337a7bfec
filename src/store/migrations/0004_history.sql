-- What lost and what was refused, of one entity: `explain` reads all that is kept of it, and of the entities that it was joined with.
CREATE INDEX conflict_entity ON conflict (entity);
CREATE INDEX dead_letter_entity ON dead_letter (entity);
CREATE INDEX alias_entity ON alias (entity);
