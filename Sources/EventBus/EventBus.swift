// The broker itself, as a machine without clock, socket or disk.
