-- What was tried on one entity lately, newest first; rows of one entity lie in the order of their making.
CREATE INDEX entry_entity ON entry (entity);
-- When a person last answered about an entity: limits count anew from there.
CREATE INDEX review_answered ON review (entity) WHERE answered_at IS NOT NULL;
