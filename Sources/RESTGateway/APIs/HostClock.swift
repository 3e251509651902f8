import CLinux

/// The host's clock as the kernel sees it.
enum HostClock {
    /// Whether something such as NTP or PTP holds it to UTC.
    static var isSynchronised: Bool { weir_clock_is_synchronised() != 0 }
}
