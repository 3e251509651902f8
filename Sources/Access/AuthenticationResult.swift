/// The answer to a client that wants in.
package enum AuthenticationResult: Sendable {
    case accepted(Identity)
    case refused(Refusal)
}

/// Why a client was not let in.
package struct Refusal: Sendable, Equatable, Error {
    /// One reason, one wire code: the names in quotes are MQTT 5's, 2.4.
    package enum Reason: String, Sendable, CaseIterable {
        /// 0x86 "Bad User Name or Password"; MQTT 3.1.1 return code 4.
        case badUserNameOrPassword
        /// 0x87 "Not authorized"; MQTT 3.1.1 return code 5.
        case notAuthorized
        /// 0x87 "Not authorized": the token was good once, so a new one will help.
        case tokenExpired
        /// 0x8A "Banned"; MQTT 3.1.1 return code 5.
        case banned
        /// 0x9F "Connection rate exceeded"; MQTT 3.1.1 return code 3.
        case throttled
        /// 0x89 "Server busy": too many clients are being checked; MQTT 3.1.1 return code 3.
        case busy
        /// 0x8C "Bad authentication method".
        case badAuthenticationMethod
        /// 0x82 "Protocol Error": the authentication exchange is malformed.
        case malformed
        /// 0x80 "Unspecified error": libcrypto failed (out of memory, say); MQTT 3.1.1 return code 3.
        case unavailable

        /// Whether it may have been a guess, which ``AttemptThrottle`` counts. A client that may not be
        /// anonymous or whose token is too old guesses nothing.
        package var isFailedAttempt: Bool { self == .badUserNameOrPassword || self == .malformed }
    }

    package var reason: Reason
    /// For the log and for nobody else: says more than the client may know, yet no secret.
    package var logText: String

    package init(_ reason: Reason, _ logText: String) {
        self.reason = reason
        self.logText = logText
    }
}
