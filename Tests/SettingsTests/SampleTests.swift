import Settings
import Testing

@Suite struct SampleTests {
    static let sample = Sample.write(TestSettings.schema.fields(of: TestSettings()), heading: ["A heading."])

    @Test func `the sample as it is means the defaults`() throws {
        #expect(try TestSettings.load(Self.sample) == TestSettings())
    }

    @Test func `the sample with everything uncommented is valid and names every key`() throws {
        let loaded = try TestSettings.loader.load(file: (Sample.uncommented(Self.sample), "sample.yaml"))
        for flat in Field.flatten(TestSettings.schema.fields(of: TestSettings()), templates: true) {
            #expect(loaded.places[flat.name.replacing("[]", with: "[0]")] != nil, "\(flat.name) is missing")
        }
        #expect(loaded.settings.limits == TestSettings.Limits())
    }

    @Test func `a key tells its type, range, default and whether a reload takes it up`() {
        #expect(
            Self.sample.contains(
                """
                limits:
                  # Largest packet. (a byte size from 128B to 256MiB, such as 512, 64KiB or 1MiB; reloadable)
                  #maximumPacketSize: 1MiB
                """
            )
        )
    }

    @Test func `list elements are written with a dash`() {
        #expect(
            Self.sample.contains(
                """
                #listeners:
                    # Address. (a URL of at most 4096 bytes; required)
                  #- url: tcp://127.0.0.1:1883
                """
            )
        )
    }
}
