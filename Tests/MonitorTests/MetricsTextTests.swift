import Monitor
import Telemetry
import Testing

@Suite struct MetricsTextTests {
    @Test func `samples are summed, as a whole and by a label`() {
        let page = MetricsText(
            """
            # HELP a what it is {x="y"} 7
            # TYPE a counter
            a{shard="0",reason="full"} 1
            a{shard="1",reason="full"} 2.5
            a{shard="1",reason="old"} 4 1700000000000
            b 1e3
            """
        )
        #expect(page.sum("a") == 7.5)
        #expect(page.sum("b") == 1000)
        #expect(page.sum("c") == nil)
        let sums = page.sums("a", by: "reason")
        #expect(sums.map(\.label) == ["full", "old"])
        #expect(sums.map(\.value) == [3.5, 4])
    }

    @Test func `labels may hold what would end them elsewhere`() {
        let page = MetricsText(#"a{b="x\"y\\z, }{=\n",c="d"} 1"#)
        #expect(page.sums("a", by: "b").map(\.label) == ["x\"y\\z, }{=\n"])
        #expect(page.sums("a", by: "c").map(\.label) == ["d"])
    }

    @Test(arguments: ["", "<html>", "a", "a{", "a{b", "a{b=\"c", "a{b=\"c\" 1", "{} 1", "a x", "a{b=\"c\"}"])
    func `what is no sample is passed over`(_ text: String) {
        #expect(MetricsText(text).isEmpty)
    }

    @Test func `what our own writer writes is read as it was meant`() {
        let metric = MetricDefinition("weir_test", .counter, labels: ["reason"], "For a test.")
        var snapshot = MetricsSnapshot()
        snapshot.add(metric, 12, "a \"b\" \\ c\nd")
        snapshot.add(metric, 0.25, "other")
        let page = MetricsText(PrometheusText.write(snapshot))
        #expect(page.sums("weir_test", by: "reason").map(\.label) == ["a \"b\" \\ c\nd", "other"])
        #expect(page.sum("weir_test") == 12.25)
    }
}
