// One thread's sockets, timers, mailbox and wake-ups.
