-- The tables of migrations/sqlite, with the same names and meanings. `rowid`, which SQLite has of
-- itself, is the order of insertion.

CREATE TABLE policies (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    digest BYTEA PRIMARY KEY,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    schema TEXT NOT NULL,
    shape TEXT NOT NULL,
    canonical TEXT NOT NULL,
    registered_at BIGINT NOT NULL
);

CREATE TABLE retirements (
    policy BYTEA PRIMARY KEY REFERENCES policies (digest),
    retired_at BIGINT NOT NULL
);

CREATE TABLE requests (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    digest BYTEA PRIMARY KEY,
    bank TEXT NOT NULL,
    nonce BYTEA NOT NULL,
    policy BYTEA NOT NULL REFERENCES policies (digest),
    signed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    client_request_id TEXT UNIQUE,
    asked BYTEA,
    UNIQUE (bank, nonce)
);

CREATE TABLE cancellations (
    request BYTEA PRIMARY KEY REFERENCES requests (digest),
    cancelled_at BIGINT NOT NULL
);

CREATE TABLE epochs (
    authority TEXT NOT NULL,
    number BIGINT NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    signed BYTEA NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (authority, number)
);

CREATE TABLE equivocations (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    digest BYTEA PRIMARY KEY,
    authority TEXT NOT NULL,
    number BIGINT NOT NULL,
    signed BYTEA NOT NULL,
    added_at BIGINT NOT NULL
);

CREATE TABLE receipts (
    sequence BIGINT PRIMARY KEY,
    bank TEXT NOT NULL,
    nonce BYTEA NOT NULL,
    request BYTEA NOT NULL UNIQUE REFERENCES requests (digest),
    presentation BYTEA NOT NULL,
    client_request_id TEXT UNIQUE,
    digest BYTEA NOT NULL UNIQUE,
    signed BYTEA NOT NULL,
    UNIQUE (bank, nonce)
);

CREATE TABLE anchors (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BYTEA NOT NULL,
    content BYTEA NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (kind, name, digest)
);

-- What was said stays said.
CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is in % never changes and never goes', TG_TABLE_NAME;
END $$;

CREATE TRIGGER policies_stay BEFORE UPDATE OR DELETE ON policies FOR EACH ROW EXECUTE FUNCTION stays();
CREATE TRIGGER retirements_stay BEFORE UPDATE OR DELETE ON retirements FOR EACH ROW EXECUTE FUNCTION stays();
CREATE TRIGGER requests_stay BEFORE UPDATE OR DELETE ON requests FOR EACH ROW EXECUTE FUNCTION stays();
CREATE TRIGGER cancellations_stay BEFORE UPDATE OR DELETE ON cancellations FOR EACH ROW EXECUTE FUNCTION stays();
CREATE TRIGGER epochs_stay BEFORE UPDATE OR DELETE ON epochs FOR EACH ROW EXECUTE FUNCTION stays();
CREATE TRIGGER receipts_stay BEFORE UPDATE OR DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION stays();
CREATE TRIGGER anchors_stay BEFORE UPDATE OR DELETE ON anchors FOR EACH ROW EXECUTE FUNCTION stays();
