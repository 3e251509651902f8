// An append-only, checksummed, group-committed log with cursors, retention and repair.
