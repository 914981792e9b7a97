-- Signed heads of authorities' logs, as notes (C2SP signed-note): what a later head must continue.
CREATE TABLE heads (
    authority TEXT NOT NULL,
    size BIGINT NOT NULL,
    note TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (authority, size)
);

-- Heads of one size with different roots: evidence against their authority.
CREATE TABLE forks (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    authority TEXT NOT NULL,
    seen TEXT NOT NULL,
    note TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- Notes can be longer than an index takes.
CREATE UNIQUE INDEX forks_once ON forks (sha256(seen::bytea), sha256(note::bytea));

CREATE TRIGGER heads_stay BEFORE UPDATE OR DELETE ON heads FOR EACH ROW EXECUTE FUNCTION stays();
CREATE TRIGGER forks_stay BEFORE UPDATE OR DELETE ON forks FOR EACH ROW EXECUTE FUNCTION stays();
