-- Tombstones, to be found when their time is over; live links are not in it.
CREATE INDEX link_gone ON link (id) WHERE state & 3 >= 2;
