-- Signed heads of authorities' logs, as notes (C2SP signed-note): what a later head must continue.
CREATE TABLE heads (
    authority TEXT NOT NULL,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (authority, size)
) STRICT;

-- Heads of one size with different roots: evidence against their authority.
CREATE TABLE forks (
    authority TEXT NOT NULL,
    seen TEXT NOT NULL,
    note TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    UNIQUE (seen, note)
) STRICT;

CREATE TRIGGER heads_stay BEFORE UPDATE ON heads BEGIN SELECT RAISE(ABORT, 'a head that was seen never changes'); END;
CREATE TRIGGER heads_remain BEFORE DELETE ON heads BEGIN SELECT RAISE(ABORT, 'a head that was seen never goes'); END;
CREATE TRIGGER forks_stay BEFORE UPDATE ON forks BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;
CREATE TRIGGER forks_remain BEFORE DELETE ON forks BEGIN SELECT RAISE(ABORT, 'evidence never goes'); END;
