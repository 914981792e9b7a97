-- What becomes of policies and requests, in tables of its own: the rows that say what was said stay.

CREATE TABLE retirements (
    policy BLOB PRIMARY KEY NOT NULL REFERENCES policies (digest),
    retired_at INTEGER NOT NULL
) STRICT;

CREATE TABLE cancellations (
    request BLOB PRIMARY KEY NOT NULL REFERENCES requests (digest),
    cancelled_at INTEGER NOT NULL
) STRICT;

-- What an auditor needs to verify old receipts, and since when the bank has accepted it: its own
-- keys, authorities' keys, verifying keys, schemas. The digest is the content's in SHA-256.
CREATE TABLE anchors (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    content BLOB NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (kind, name, digest)
) STRICT;

CREATE TRIGGER retirements_remain BEFORE DELETE ON retirements BEGIN SELECT RAISE(ABORT, 'a policy stays retired'); END;
CREATE TRIGGER cancellations_remain BEFORE DELETE ON cancellations BEGIN SELECT RAISE(ABORT, 'a request stays cancelled'); END;
CREATE TRIGGER anchors_stay BEFORE UPDATE ON anchors BEGIN SELECT RAISE(ABORT, 'what was accepted never changes'); END;
CREATE TRIGGER anchors_remain BEFORE DELETE ON anchors BEGIN SELECT RAISE(ABORT, 'what was accepted never goes'); END;
CREATE TRIGGER requests_stay BEFORE UPDATE ON requests BEGIN SELECT RAISE(ABORT, 'a request never changes'); END;
CREATE TRIGGER requests_remain BEFORE DELETE ON requests BEGIN SELECT RAISE(ABORT, 'a request never goes'); END;
