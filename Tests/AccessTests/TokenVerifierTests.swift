import Access
import Foundation
import Testing

@Suite struct TokenVerifierTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    private static let now: Int64 = 1_800_000_000

    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func verifier(
        _ sources: [AccessSettings.KeySource],
        _ change: (inout AccessSettings.TokenSettings) -> Void = { _ in }
    ) throws -> TokenVerifier {
        var settings = AccessSettings.TokenSettings()
        settings.keys = sources
        change(&settings)
        return try TokenVerifier(settings)
    }

    private func verify(_ verifier: TokenVerifier, _ token: String, now: Int64 = now) -> Result<
        TokenVerifier.Claims, TokenVerifier.Failure
    > {
        Result { () throws(TokenVerifier.Failure) in try verifier.verify(Array(token.utf8), now: now) }
    }

    private func secretSource(_ id: String? = nil) throws -> AccessSettings.KeySource {
        .secretFile(try folder.write("secret", Self.secret + [0x0a]), id: id)
    }

    private static let good = #"{"sub":"ann","exp":1800000060}"#

    // MARK: - Signatures

    /// RFC 7515 appendices A.1 to A.3; their claims are {"iss":"joe","exp":1300819380,…}.
    @Test func `RFC 7515's examples are verified`() throws {
        let claims =
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let tokens = [
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(claims).dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "eyJhbGciOiJSUzI1NiJ9.\(claims).cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
                + "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO7"
                + "5vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6Bf"
                + "I7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77"
                + "Rw",
            "eyJhbGciOiJFUzI1NiJ9.\(claims).DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
                + "pmWQxfKTUJqPP3-Kg6NU1Q",
        ]
        let keys = """
            {"keys":[
              {"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},
              {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJr\
            cS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z\
            5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmou\
            dF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
              {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
               "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
            ]}
            """
        let verifier = try verifier([.jwksFile(folder.write("jwks", keys))]) { $0.usernameClaim = "iss" }
        for token in tokens {
            #expect(try verify(verifier, token, now: 1_300_819_379).get().username == "joe")
            #expect(verify(verifier, token, now: 1_300_819_410) == .failure(.expired))
            #expect(
                verify(verifier, token.replacingOccurrences(of: "eyJpc3", with: "eyJpd3"), now: 0)
                    == .failure(.refused("a wrong signature"))
            )
        }
    }

    @Test func `fresh keys from PEM and JWK verify their own tokens only`() throws {
        let other = TestIssuer(.p256)
        let token = TestIssuer.p256.token(Self.good)
        let rsaToken = TestIssuer.rsa.token(Self.good)
        let pem = try verifier([
            .pemFile(folder.write("ec.pem", TestIssuer.p256.publicPEM), id: nil),
            .pemFile(folder.write("rsa.pem", TestIssuer.rsa.publicPEM), id: nil), secretSource(),
        ])
        let jwks = try verifier([
            .jwksFile(folder.write("jwks", #"{"keys":[\#(TestIssuer.p256.jwk()),\#(TestIssuer.rsa.jwk())]}"#))
        ])
        for verifier in [pem, jwks] {
            #expect(try verify(verifier, token).get().username == "ann")
            #expect(try verify(verifier, rsaToken).get().username == "ann")
            #expect(verify(verifier, other.token(Self.good)) == .failure(.refused("a wrong signature")))
        }
        #expect(try verify(pem, TestIssuer.hs256(Self.good, secret: Self.secret)).get().username == "ann")
    }

    @Test func `each altered byte of a token breaks it`() throws {
        let verifier = try verifier([
            secretSource(), .pemFile(folder.write("ec.pem", TestIssuer.p256.publicPEM), id: nil),
        ])
        for token in [TestIssuer.hs256(Self.good, secret: Self.secret), TestIssuer.p256.token(Self.good)] {
            var bytes = Array(token.utf8)
            for place in bytes.indices {
                let old = bytes[place]
                bytes[place] = old == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                #expect(throws: TokenVerifier.Failure.self, "byte \(place)") {
                    try verifier.verify(bytes, now: Self.now)
                }
                bytes[place] = old
            }
        }
    }

    // MARK: - Confusion, RFC 8725 2.1 and 3.1

    @Test func `the algorithm none is refused`() throws {
        let verifier = try verifier([secretSource()])
        for name in ["none", "None", "NONE", ""] {
            let token = TestIssuer.message(#"{"alg":"\#(name)"}"#, Self.good) + "."
            #expect(
                verify(verifier, token)
                    == .failure(.refused("an algorithm other than HS256, RS256 and ES256"))
            )
        }
    }

    @Test func `a public key is no secret`() throws {
        let pem = TestIssuer.rsa.publicPEM
        let verifier = try verifier([.pemFile(folder.write("rsa.pem", pem), id: "k")])
        for header in [#"{"alg":"HS256","kid":"k"}"#, #"{"alg":"HS256"}"#] {
            let token = TestIssuer.hs256(Self.good, secret: pem, header: header)
            #expect(verify(verifier, token) == .failure(.refused("no key for HS256 with this \"kid\"")))
        }
    }

    @Test func `a token's key is not its own to bring`() throws {
        let verifier = try verifier([.pemFile(folder.write("ec.pem", TestIssuer.p256.publicPEM), id: nil)])
        let attacker = TestIssuer(.p256)
        let token = attacker.token(Self.good, header: #"{"alg":"ES256","jwk":\#(attacker.jwk())}"#)
        #expect(verify(verifier, token) == .failure(.refused("a wrong signature")))
    }

    @Test func `a critical extension is refused`() throws {
        let verifier = try verifier([secretSource()])
        let token = TestIssuer.hs256(
            Self.good,
            secret: Self.secret,
            header: #"{"alg":"HS256","crit":["exp"]}"#
        )
        #expect(verify(verifier, token) == .failure(.refused("a critical header extension")))
    }

    // MARK: - Key names

    @Test func `a token that names a key is verified with that key`() throws {
        let (a, b) = (TestIssuer(.p256), TestIssuer(.p256))
        let keys =
            #"{"keys":[\#(a.jwk(#","kid":"a""#)),\#(b.jwk(#","kid":"b","alg":"ES256","use":"sig""#))]}"#
        let verifier = try verifier([.jwksFile(folder.write("jwks", keys))])
        #expect(
            try verify(verifier, a.token(Self.good, header: #"{"alg":"ES256","kid":"a"}"#)).get().username
                == "ann"
        )
        #expect(try verify(verifier, b.token(Self.good, header: #"{"alg":"ES256"}"#)).get().username == "ann")
        #expect(
            verify(verifier, a.token(Self.good, header: #"{"alg":"ES256","kid":"b"}"#))
                == .failure(.refused("a wrong signature"))
        )
        #expect(
            verify(verifier, a.token(Self.good, header: #"{"alg":"ES256","kid":"c"}"#))
                == .failure(.refused("no key for ES256 with this \"kid\""))
        )
        #expect(
            verify(verifier, a.token(Self.good, header: #"{"alg":"ES256","kid":7}"#))
                == .failure(.refused("a \"kid\" that is no string"))
        )
    }

    // MARK: - Claims

    struct ClaimCase: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var claims: String
        var result: Result<TokenVerifier.Claims, TokenVerifier.Failure>

        init(_ name: String, _ claims: String, _ result: Result<TokenVerifier.Claims, TokenVerifier.Failure>)
        {
            testDescription = name
            self.claims = claims
            self.result = result
        }
    }

    /// At 1,800,000,000 with 30 s leeway, issuer "iss" and audience "weir".
    static let claimCases: [ClaimCase] = {
        func good(roles: [String] = [], expiry: Int64 = 1_800_000_090) -> Result<
            TokenVerifier.Claims, TokenVerifier.Failure
        > {
            .success(TokenVerifier.Claims(username: "ann", roles: roles, expiry: expiry))
        }
        func refused(_ text: String) -> Result<TokenVerifier.Claims, TokenVerifier.Failure> {
            .failure(.refused(text))
        }
        let base = #""iss":"iss","aud":"weir","sub":"ann","exp":1800000060"#
        return [
            ClaimCase("good", "{\(base)}", good()),
            ClaimCase(
                "audience in a list",
                #"{"iss":"iss","aud":["x","weir"],"sub":"ann","exp":1800000060}"#,
                good()
            ),
            ClaimCase("roles as a list", #"{\#(base),"roles":["a","b",7]}"#, good(roles: ["a", "b"])),
            ClaimCase("roles as a text", #"{\#(base),"roles":"a b"}"#, good(roles: ["a", "b"])),
            ClaimCase("roles as something else", #"{\#(base),"roles":{"a":1}}"#, good()),
            ClaimCase(
                "exp with a fraction",
                #"{"iss":"iss","aud":"weir","sub":"ann","exp":1800000060.9}"#,
                good()
            ),
            ClaimCase(
                "just within the leeway",
                #"{"iss":"iss","aud":"weir","sub":"ann","exp":1799999971}"#,
                good(expiry: 1_800_000_001)
            ),
            ClaimCase(
                "just expired",
                #"{"iss":"iss","aud":"weir","sub":"ann","exp":1799999970}"#,
                .failure(.expired)
            ),
            ClaimCase(
                "exp as a text",
                #"{"iss":"iss","aud":"weir","sub":"ann","exp":"1800000060"}"#,
                refused("an \"exp\" that is no date")
            ),
            ClaimCase(
                "exp beyond all dates",
                #"{"iss":"iss","aud":"weir","sub":"ann","exp":1e300}"#,
                refused("an \"exp\" that is no date")
            ),
            ClaimCase("no exp", #"{"iss":"iss","aud":"weir","sub":"ann"}"#, refused("no \"exp\"")),
            ClaimCase("nbf within the leeway", #"{\#(base),"nbf":1800000030}"#, good()),
            ClaimCase("nbf too late", #"{\#(base),"nbf":1800000031}"#, refused("not valid yet")),
            ClaimCase("nbf as a text", #"{\#(base),"nbf":"0"}"#, refused("not valid yet")),
            ClaimCase(
                "another issuer",
                #"{"iss":"x","aud":"weir","sub":"ann","exp":1800000060}"#,
                refused("another issuer")
            ),
            ClaimCase(
                "no issuer",
                #"{"aud":"weir","sub":"ann","exp":1800000060}"#,
                refused("another issuer")
            ),
            ClaimCase(
                "another audience",
                #"{"iss":"iss","aud":["x"],"sub":"ann","exp":1800000060}"#,
                refused("another audience")
            ),
            ClaimCase(
                "no audience",
                #"{"iss":"iss","sub":"ann","exp":1800000060}"#,
                refused("another audience")
            ),
            ClaimCase(
                "no name",
                #"{"iss":"iss","aud":"weir","exp":1800000060}"#,
                refused("no name in \"sub\"")
            ),
            ClaimCase(
                "an empty name",
                #"{"iss":"iss","aud":"weir","sub":"","exp":1800000060}"#,
                refused("no name in \"sub\"")
            ),
            ClaimCase(
                "a name with U+0000",
                #"{"iss":"iss","aud":"weir","sub":"a\u0000","exp":1800000060}"#,
                refused("no name in \"sub\"")
            ),
            ClaimCase("a list for claims", "[]", refused("claims that are no object")),
            ClaimCase("no JSON", "{", refused("claims that are no object")),
            ClaimCase(
                "too deep",
                #"{"a":\#(String(repeating: "[", count: 2_000))"#,
                refused("claims that are no object")
            ),
        ]
    }()

    @Test(arguments: claimCases)
    func `claims are checked`(_ testCase: ClaimCase) throws {
        let verifier = try verifier([secretSource()]) {
            $0.issuer = "iss"
            $0.audience = "weir"
        }
        #expect(verify(verifier, TestIssuer.hs256(testCase.claims, secret: Self.secret)) == testCase.result)
    }

    @Test func `a token for ever is taken where the settings say so`() throws {
        let verifier = try verifier([secretSource()]) { $0.expiryRequired = false }
        let claims = try verify(verifier, TestIssuer.hs256(#"{"sub":"ann"}"#, secret: Self.secret)).get()
        #expect(claims.expiry == nil)
    }

    // MARK: - Malformed input

    static let malformed: [String] = [
        "", ".", "..", "...", "a.b.c", "e30.e30.e30", "e30.e30.", "!!!.e30.e30", "eyJhbGciOiJIUzI1NiJ9.e30",
        "eyJhbGciOiJIUzI1NiJ9.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.e30=", "eyJhbGciOjF9.e30.e30",
        "bnVsbA.e30.e30",
        TestIssuer.message(#"{"alg":\#(String(repeating: "[", count: 5_000))"#, "{}") + ".e30",
        String(repeating: "a", count: 10_000),
    ]

    @Test(arguments: malformed)
    func `what is no token is refused`(_ text: String) throws {
        let verifier = try verifier([secretSource()])
        #expect(throws: TokenVerifier.Failure.self) { try verifier.verify(Array(text.utf8), now: Self.now) }
        #expect(throws: TokenVerifier.Failure.self) {
            try verifier.verify([0xff, 0x2e, 0x2e], now: Self.now)
        }
    }

    @Test func `no bytes trap the verifier`() throws {
        let verifier = try verifier([secretSource()])
        var random = SeededGenerator(seed: 5)
        let parts = [
            #"{"alg":"HS256""#, "}", "{", "[", "]", ",", #""kid":"#, "1e999", "-", "\"", "\\", "\\u0000",
            "null", "\0", "é",
        ]
        for _ in 0..<2_000 {
            func text() -> String {
                (0..<Int.random(in: 0...8, using: &random)).map { _ in
                    parts.randomElement(using: &random) ?? ""
                }.joined()
            }
            let (header, claims) = (text(), text())
            _ = verify(verifier, TestIssuer.hs256(claims, secret: Self.secret, header: header))
            _ = verify(verifier, TestIssuer.hs256(claims, secret: Self.secret))
        }
    }

    // MARK: - Key files

    struct KeyCase: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var jwks: String
        var message: String
    }

    static let keyCases: [KeyCase] = [
        KeyCase(testDescription: "no JSON", jwks: "keys", message: "no JSON object with an array"),
        KeyCase(testDescription: "no list", jwks: #"{"keys":{}}"#, message: "no JSON object with an array"),
        KeyCase(
            testDescription: "an empty list",
            jwks: #"{"keys":[]}"#,
            message: "no key to verify tokens with"
        ),
        KeyCase(
            testDescription: "no kty",
            jwks: #"{"keys":[{"k":"AAAA"}]}"#,
            message: "key 1: found no object with \"kty\""
        ),
        KeyCase(
            testDescription: "a short secret",
            jwks: #"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
            message: "a secret of 3 bytes; expected at least 32"
        ),
        KeyCase(
            testDescription: "a secret with padding",
            jwks: #"{"keys":[{"kty":"oct","k":"AAA="}]}"#,
            message: "no proper \"k\""
        ),
        KeyCase(
            testDescription: "a point beside its curve",
            jwks:
                #"{"keys":[{"kty":"EC","crv":"P-256","x":"\#(String(repeating: "A", count: 42) + "A")","y":"\#(String(repeating: "A", count: 42) + "A")"}]}"#,
            message: "numbers that are no key"
        ),
        KeyCase(
            testDescription: "short coordinates",
            jwks: #"{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}"#,
            message: "coordinates of another length"
        ),
        KeyCase(
            testDescription: "a small RSA key",
            jwks: #"{"keys":[{"kty":"RSA","n":"\#(String(repeating: "x", count: 168))","e":"AQAB"}]}"#,
            message: "an RSA key of 1008 bits"
        ),
        KeyCase(
            testDescription: "only keys for other things",
            jwks:
                #"{"keys":[{"kty":"RSA","use":"enc","n":"A","e":"A"},{"kty":"OKP","crv":"Ed25519"},{"kty":"oct","alg":"HS512","k":"A"}]}"#,
            message: "no key to verify tokens with"
        ),
    ]

    @Test(arguments: keyCases)
    func `a flawed key set stops the start`(_ testCase: KeyCase) throws {
        let path = try folder.write("jwks", testCase.jwks)
        #expect {
            try verifier([.jwksFile(path)])
        } throws: { "\($0)".contains(testCase.message) }
    }

    @Test func `keys for other things are passed over with a warning`() throws {
        let keys =
            #"{"keys":[\#(TestIssuer(.p384).jwk()),\#(TestIssuer(.ed25519).jwk()),\#(TestIssuer.p256.jwk())]}"#
        let verifier = try verifier([.jwksFile(folder.write("jwks", keys))])
        #expect(verifier.warnings.count == 2)
        #expect(try verify(verifier, TestIssuer.p256.token(Self.good)).get().username == "ann")
    }

    @Test func `key files that cannot serve are told of`() throws {
        let cases: [(AccessSettings.KeySource, String)] = [
            (.pemFile(folder.path + "/none", id: nil), "cannot be read (No such file or directory)"),
            (.pemFile(try folder.write("a", TestIssuer.p256.privatePEM), id: nil), "found a private key"),
            (
                .pemFile(
                    try folder.write("b", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
                    id: nil
                ), "no key that libcrypto can read"
            ),
            (.pemFile(try folder.write("c", TestIssuer(.p384).publicPEM), id: nil), "on another curve"),
            (.pemFile(try folder.write("d", TestIssuer(.ed25519).publicPEM), id: nil), "of another kind"),
            (
                .pemFile(try folder.write("e", TestIssuer(.rsa, bits: 1_024).publicPEM), id: nil),
                "an RSA key of 1024 bits"
            ),
            (.secretFile(try folder.write("f", "short\n"), id: nil), "a secret of 5 bytes"),
        ]
        for (source, message) in cases {
            #expect {
                try verifier([source])
            } throws: { "\($0)".contains(message) }
        }
    }

    // MARK: - Scopes

    @Test func `words about topics narrow, others do not`() throws {
        let verifier = try verifier([secretSource()])
        func scope(_ text: String) throws -> [TopicRule]? {
            let claims = #"{"sub":"ann","exp":1800000060,"scope":"\#(text)"}"#
            let file = try folder.write("signer", Self.secret)
            let token = try #require(try TokenSigner(keyFile: file).sign(claims: Array(claims.utf8)))
            return try verify(verifier, token).get().scope
        }
        #expect(try scope("rni location") == nil)
        let rules = try #require(try scope("rni publish:a/# receive:b/+"))
        let narrow = TopicRules.unrestricted.narrowed(by: rules)
        func may(_ topic: String) -> [Bool] {
            [
                narrow.mayPublish(topic: topic, clientID: "c", username: "ann"),
                narrow.mayReceive(topic: topic, clientID: "c", username: "ann"),
            ]
        }
        #expect(may("a/1/2") == [true, false] && may("b/1") == [false, true] && may("c") == [false, false])
        #expect(throws: TokenVerifier.Failure.self) { try scope("publish:a/#/b") }
    }

    @Test func `a scope widens nothing, and both have a say in subscriptions`() throws {
        let wide = TopicRules([
            try TopicRule(.allow, .both, filter: "a/#", substituting: false),
            try TopicRule(.deny, .receive, filter: "a/secret", substituting: false),
        ])
        let narrow = wide.narrowed(by: [
            try TopicRule(.allow, .receive, filter: "a/+", substituting: false),
            try TopicRule(.allow, .receive, filter: "b", substituting: false),
        ])
        let names = ClientNames(clientID: "c", username: "ann")
        for (topic, isAllowed) in [("a/1", true), ("a/secret", false), ("b", false), ("a/1/2", false)] {
            #expect(narrow.mayReceive(topic: topic, as: names) == isAllowed, "\(topic)")
        }
        #expect(!narrow.mayPublish(topic: "a/1", as: names))
        for (filter, access) in [
            ("a/1", SubscriptionAccess.allowed), ("a/+", .checkEachMessage), ("a/secret", .denied),
            ("b", .denied),
            ("#", .checkEachMessage), ("c/#", .denied),
        ] {
            #expect(narrow.subscription(filter: filter, as: names) == access, "\(filter)")
        }
    }

    // MARK: - Signing

    @Test func `what the signer signs is verified with the same file, under the key's own algorithm`() throws
    {
        let files = [
            ("HS256", try folder.write("s", Self.secret + [0x0a])),
            ("RS256", try folder.write("r", TestIssuer.rsa.privatePEM)),
            ("ES256", try folder.write("p", TestIssuer.p256.privatePEM)),
        ]
        for (algorithm, file) in files {
            let verifier = try verifier([.signingKeyFile(file)])
            let signer = try TokenSigner(keyFile: file)
            // ECDSA signatures differ in length before they are put in their fixed form.
            for _ in 0..<50 {
                let token = try #require(signer.sign(claims: Array(Self.good.utf8)))
                let header = try #require(Data(base64URL: String(token.prefix { $0 != "." })))
                #expect(String(decoding: header, as: UTF8.self) == #"{"alg":"\#(algorithm)","typ":"JWT"}"#)
                #expect(try verify(verifier, token).get().username == "ann")
            }
            for (_, other) in files where other != file {
                let stranger = try #require(TokenSigner(keyFile: other).sign(claims: Array(Self.good.utf8)))
                #expect(throws: TokenVerifier.Failure.self) { try verify(verifier, stranger).get() }
            }
        }
        // The public half is enough for whoever only verifies.
        let verifying = try verifier([.pemFile(try folder.write("q", TestIssuer.p256.publicPEM), id: nil)])
        let token = try #require(TokenSigner(keyFile: files[2].1).sign(claims: Array(Self.good.utf8)))
        #expect(try verify(verifying, token).get().username == "ann")
    }

    @Test func `a signing key that is none is told`() throws {
        let cases: [([UInt8], String)] = [
            (Array("short".utf8), "a secret of 5 bytes"), (TestIssuer(.p384).privatePEM, "on another curve"),
            (Array("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".utf8), "no private key"),
        ]
        for (bytes, message) in cases {
            #expect {
                try TokenSigner(keyFile: try folder.write("k", bytes))
            } throws: { "\($0)".contains(message) }
        }
    }
}

extension Data {
    fileprivate init?(base64URL text: String) {
        var text = text.replacing("-", with: "+").replacing("_", with: "/")
        while text.utf8.count % 4 != 0 { text += "=" }
        self.init(base64Encoded: text)
    }
}
