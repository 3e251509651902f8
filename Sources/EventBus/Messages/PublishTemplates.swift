import MQTTWire

/// The encoded forms of the message being fanned out, each made once: by version, QoS and RETAIN.
///
/// A subscriber then costs one copy and two bytes of packet identifier.
struct PublishTemplates: ~Copyable {
    private struct Form {
        var offset = 0
        /// 0 while it was not made for this message.
        var count = 0
        var packetIDOffset = 0
    }

    /// With fewer subscribers encoding straight into the output is cheaper.
    static var threshold: Int { 3 }
    private(set) var isActive = false
    private var memory: UnsafeMutableRawPointer
    private var capacity = 4_096
    private var used = 0
    private var forms: InlineArray<12, Form>

    init() {
        memory = .allocate(byteCount: 4_096, alignment: 16)
        forms = InlineArray(repeating: Form())
    }

    deinit { memory.deallocate() }

    /// Starts with a new message for `targets` subscribers.
    @inline(__always)
    mutating func begin(for targets: Int) {
        isActive = targets >= Self.threshold
        if isActive {
            used = 0
            for i in forms.indices { forms[i].count = 0 }
        }
    }

    mutating func end() { isActive = false }

    /// The encoded packet and where its packet identifier stands (0 for none); valid until the next call.
    @inline(__always)
    mutating func template(
        _ source: borrowing PublishSource,
        isVersion5: Bool,
        qos: QoS,
        retain: Bool,
        now: BusTime
    ) -> (UnsafeRawBufferPointer, Int) {
        let index = (isVersion5 ? 6 : 0) + Int(qos.rawValue) * 2 + (retain ? 1 : 0)
        if forms[index].count == 0 {
            make(index, source, isVersion5: isVersion5, qos: qos, retain: retain, now: now)
        }
        let form = forms[index]
        return (UnsafeRawBufferPointer(start: memory + form.offset, count: form.count), form.packetIDOffset)
    }

    @inline(never)
    private mutating func make(
        _ index: Int,
        _ source: borrowing PublishSource,
        isVersion5: Bool,
        qos: QoS,
        retain: Bool,
        now: BusTime
    ) {
        let encoder = PublishEncoder(source.parts, isVersion5: isVersion5, qos: qos, retain: retain)
        if used + encoder.size > capacity {
            // Earlier forms of this message are copied along.
            var bigger = capacity
            while bigger < used + encoder.size { bigger *= 2 }
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: bigger, alignment: 16)
            fresh.copyMemory(from: memory, byteCount: used)
            memory.deallocate()
            memory = fresh
            capacity = bigger
        }
        let offset = encoder.write(
            source.parts,
            packetID: 0,
            expiry: source.expiryLeft(at: now.seconds),
            to: memory + used
        )
        forms[index] = Form(offset: used, count: encoder.size, packetIDOffset: offset)
        used += encoder.size
    }
}
