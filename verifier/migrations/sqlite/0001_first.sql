-- Digests, nonces and encodings are blobs; times are seconds since 1970-01-01T00:00:00Z.

CREATE TABLE policies (
    digest BLOB PRIMARY KEY NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    schema TEXT NOT NULL,
    shape TEXT NOT NULL,
    canonical TEXT NOT NULL,
    registered_at INTEGER NOT NULL
) STRICT;

CREATE TABLE requests (
    digest BLOB PRIMARY KEY NOT NULL,
    bank TEXT NOT NULL,
    nonce BLOB NOT NULL,
    policy BLOB NOT NULL REFERENCES policies (digest),
    signed BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Chosen by the caller; with it, the digest of what it asked for.
    client_request_id TEXT UNIQUE,
    asked BLOB,
    UNIQUE (bank, nonce)
) STRICT;

CREATE TABLE epochs (
    authority TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    signed BLOB NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (authority, number)
) STRICT;

-- Headers that contradict one in epochs: evidence against their authority.
CREATE TABLE equivocations (
    digest BLOB PRIMARY KEY NOT NULL,
    authority TEXT NOT NULL,
    number INTEGER NOT NULL,
    signed BLOB NOT NULL,
    added_at INTEGER NOT NULL
) STRICT;

CREATE TABLE receipts (
    sequence INTEGER PRIMARY KEY NOT NULL,
    bank TEXT NOT NULL,
    nonce BLOB NOT NULL,
    request BLOB NOT NULL UNIQUE REFERENCES requests (digest),
    -- The presentation's digest: the same one gets the same answer.
    presentation BLOB NOT NULL,
    client_request_id TEXT UNIQUE,
    digest BLOB NOT NULL UNIQUE,
    signed BLOB NOT NULL,
    -- What makes a nonce be used once.
    UNIQUE (bank, nonce)
) STRICT;

-- What was said stays said.
CREATE TRIGGER policies_stay BEFORE UPDATE ON policies BEGIN SELECT RAISE(ABORT, 'a policy never changes'); END;
CREATE TRIGGER policies_remain BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'a policy never goes'); END;
CREATE TRIGGER epochs_stay BEFORE UPDATE ON epochs BEGIN SELECT RAISE(ABORT, 'an epoch never changes'); END;
CREATE TRIGGER epochs_remain BEFORE DELETE ON epochs BEGIN SELECT RAISE(ABORT, 'an epoch never goes'); END;
CREATE TRIGGER receipts_stay BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'a receipt never changes'); END;
CREATE TRIGGER receipts_remain BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, 'a receipt never goes'); END;
