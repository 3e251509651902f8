package import Access

/// The ETSI APIs over HTTP.
package struct RESTSettings: Sendable, Equatable {
    /// Whether they are served; the registry runs with the MEC services all the same.
    package var isEnabled = true
    /// How clients reach the server, `https://mec.example`; `nil` is http.listen's own address.
    package var publicURL: String?
    /// Requests per second of one address; beyond it 429. 0 is without limit.
    package var requestRate: UInt64 = 10_000
    /// Subscriptions of RNIS and of MEC 011; location's are limited by the location service.
    package var subscriptionsMaximum = 10_000
    /// What access tokens are signed and verified with: a secret (HS256) or a private key as PEM (RS256, ES256);
    /// without it none are handed out.
    package var tokenKeyFile: String?
    /// Whether somebody without credentials may use the APIs; `nil` is as access.allowAnonymous says.
    package var allowAnonymous: Bool?
    /// Which part of a client's certificate is its name; `nil`: certificates name nobody.
    package var usernameFrom: AccessSettings.UsernameSource?
    package var callbacks = CallbackSettings()

    /// As which listener ``AccessControl`` knows HTTP.
    package static let listener = "http"

    package init() {}
}

/// How notifications are delivered to callback URLs.
package struct CallbackSettings: Sendable, Equatable {
    /// Whether a callback may go to this host itself, 127.0.0.0/8 and ::1.
    package var allowsLoopback = false
    /// How long a request may take.
    package var timeout = Duration.seconds(5)
    /// Attempts for one notification; then it is given up and counted. 1…20.
    package var attempts = 5
    /// The wait after the first failure; each further one doubles it.
    package var firstDelay = Duration.milliseconds(200)
    package var delayMaximum = Duration.seconds(10)
    /// Notifications that may wait for one subscriber; the oldest makes room. 1…100,000.
    package var queueMaximum = 1_000
    /// How long before its end a subscription is told of it.
    package var expiryNotice = Duration.seconds(10)

    package init() {}
}
