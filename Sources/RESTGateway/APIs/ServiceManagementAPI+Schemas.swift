extension ServiceManagementAPI {
    /// Fields and types of the GS's bodies, see ``SchemaText``.
    static let schemas = """
        LocalityType = enum MEC_SYSTEM MEC_HOST NFVI_POP ZONE ZONE_GROUP NFVI_NODE
        SerializerType = enum JSON XML PROTOBUF3
        Not_specified = string
        TransportType = enum REST_HTTP MB_TOPIC_BASED MB_ROUTING MB_PUBSUB RPC RPC_STREAMING WEBSOCKET
        ServiceState = enum ACTIVE INACTIVE SUSPENDED
        SerInstanceId = string
        SerName = string
        SubscriptionLinkList
          _links! _links
        LinkType
          href! uri
        ServiceInfo
          serInstanceId SerInstanceId
          serName! SerName
          serCategory CategoryRef
          version! string
          state! ServiceState
          transportId string
          transportInfo TransportInfo
          serializer! SerializerType
          scopeOfLocality LocalityType
          consumedLocalOnly boolean
          isLocal boolean
          livenessInterval integer
          _links _links1
        TransportInfo
          id! string
          name! string
          description string
          type! TransportType
          protocol! string
          version! string
          endpoint! EndPointInfo
          security! SecurityInfo
          implSpecificInfo object
        ServiceLivenessInfo
          state! ServiceState
          timeStamp! TimeStamp
          interval! integer
        ServiceLivenessUpdate
          state! ServiceState
        SerAvailabilityNotificationSubscription
          subscriptionType! string
          callbackReference! uri
          _links _links2
          filteringCriteria FilteringCriteria
        ServiceAvailabilityNotification
          notificationType! string
          serviceReferences! ServiceReferences[]
          _links! _links3
        CategoryRef
          href! uri
          id! string
          name! string
          version! string
        EndPointInfo
          uris string[]
          fqdn string[]
          addresses Addresses[]
          alternative object
        SecurityInfo
          oAuth2Info OAuth2Info
        Subscriptions
          href! uri
          subscriptionType! string
        _links
          self! LinkType
          subscriptions Subscriptions[]
        _links1
          self! LinkType
          liveness LinkType
        TimeStamp
          seconds! integer
          nanoSeconds! integer
        _links2
          self! LinkType
        FilteringCriteria
          serInstanceIds SerInstanceId[]
          serNames SerName[]
          serCategories CategoryRef[]
          states ServiceState[]
          isLocal boolean
        ServiceReferences
          link LinkType
          serName! SerName
          serInstanceId! SerInstanceId
          state! ServiceState
          changeType! enum ADDED REMOVED STATE_CHANGED ATTRIBUTES_CHANGED
        _links3
          subscription! LinkType
        Addresses
          host! string
          port! integer
        OAuth2Info
          grantTypes! enum OAUTH2_AUTHORIZATION_CODE OAUTH2_IMPLICIT_GRANT OAUTH2_RESOURCE_OWNER OAUTH2_CLIENT_CREDENTIALS
          tokenEndpoint uri
        """
}
