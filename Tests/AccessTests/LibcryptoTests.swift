import COpenSSL
import Testing

/// The system's libcrypto is linked and is the one whose interface we compiled against.
@Suite struct LibcryptoTests {
    @Test func `the linked library has the major version of the headers`() {
        #expect(OPENSSL_version_major() == UInt32(OPENSSL_VERSION_MAJOR))
    }
}
