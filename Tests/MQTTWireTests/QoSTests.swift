import MQTTWire
import Testing

@Suite struct QoSTests {
    @Test func `levels are ordered by strength`() {
        #expect(QoS.atMostOnce < .atLeastOnce)
        #expect(QoS.atLeastOnce < .exactlyOnce)
    }
}
