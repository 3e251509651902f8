extension AppSupportAPI {
    /// Fields and types of the GS's bodies, see ``SchemaText``. What the file makes a list of in TimingCaps and below is
    /// one value in the GS (7.1.2.4).
    static let schemas = """
        TransportDescriptor
          name! string
          description string
          type! TransportTypes
          protocol! string
          version! string
          security! SecurityInfo
          implSpecificInfo object
        SecurityInfo
          oAuth2Info OAuth2Info
        SerializerType = enum JSON XML PROTOBUF3
        OAuth2Info
          grantTypes! enum[] OAUTH2_AUTHORIZATION_CODE OAUTH2_IMPLICIT_GRANT OAUTH2_RESOURCE_OWNER OAUTH2_CLIENT_CREDENTIALS
          tokenEndpoint uri
        TransportTypes = enum REST_HTTP MB_TOPIC_BASED MB_ROUTING MB_PUBSUB RPC RPC_STREAMING WEBSOCKET
        AppProfile = any
        TransportDependency
          transport! TransportDescriptor
          serializers! SerializerType[]
          labels! string[]
        ServiceDependency
          serName! string
          serCategory CategoryRef
          version! string
          serTransportDependencies TransportDependency[]
          requestedPermissions any
        Uint32 = integer
        FeatureDependency
          featureName! string
          version! string
        SubscriptionLinkList
          _links! _links
        LinkType
          href! uri
        TrafficRule
          trafficRuleId! string
          filterType! enum FLOW PACKET
          priority! integer
          trafficFilter! TrafficFilter[]
          action! enum DROP FORWARD_DECAPSULATED FORWARD_ENCAPSULATED PASSTHROUGH DUPLICATE_DECAPSULATED DUPLICATE_ENCAPSULATED
          dstInterface DestinationInterface
          state! enum ACTIVE INACTIVE
        DnsRule
          dnsRuleId! string
          domainName! string
          ipAddressType! enum IP_V4 IP_V6
          ipAddress! string
          ttl integer
          state! enum ACTIVE INACTIVE
        TimingCaps
          timeStamp! TimeStamp
          ntpServers! NtpServers[]
          ptpMasters! PtpMasters[]
        CurrentTime
          seconds! integer
          nanoSeconds! integer
          timeSourceStatus! enum TRACEABLE NONTRACEABLE
        AppInfo
          appName! string
          appProvider string
          appCategory CategoryRef
          appDId string
          appInstanceId string
          endpoint EndPointInfo
          appServiceRequired ServiceDependency[]
          appServiceOptional ServiceDependency[]
          appFeatureRequired FeatureDependency[]
          appFeatureOptional FeatureDependency[]
          isInsByMec boolean
          appProfile AppProfile
        AppTerminationNotificationSubscription
          subscriptionType! string
          callbackReference! uri
          _links _links1
          appInstanceId! string
        AppTerminationNotification
          notificationType! string
          operationAction! enum STOPPING TERMINATING
          maxGracefulTimeout! integer
          _links! _links2
        AppTerminationConfirmation
          operationAction! enum STOPPING TERMINATING
        AppReadyConfirmation
          indication! enum READY
        TrafficFilter
          srcAddress string[]
          dstAddress string[]
          srcPort string[]
          dstPort string[]
          protocol string[]
          tag string[]
          srcTunnelAddress string[]
          tgtTunnelAddress string[]
          srcTunnelPort string[]
          dstTunnelPort string[]
          qCI integer
          dSCP integer
          tC integer
        DestinationInterface
          interfaceType! enum TUNNEL MAC IP
          tunnelInfo TunnelInfo
          srcMacAddress string
          dstMacAddress string
          dstIpAddress string
        TunnelInfo
          tunnelType! enum GTP_U GRE
          tunnelDstAddress string
          tunnelSrcAddress string
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
        Subscriptions
          href! uri
          subscriptionType! string
        _links
          self! LinkType
          subscriptions Subscriptions[]
        TimeStamp
          seconds! Uint32
          nanoSeconds! Uint32
        NtpServers
          ntpServerAddrType! string
          ntpServerAddr! string
          minPollingInterval! Uint32
          maxPollingInterval! Uint32
          localPriority! Uint32
          authenticationOption! string
          authenticationKeyNum! Uint32
        PtpMasters
          ptpMasterIpAddress! string
          ptpMasterLocalPriority! Uint32
          delayReqMaxRate! Uint32
        _links1
          self! LinkType
        _links2
          subscription! LinkType
          confirmTermination LinkType
        Addresses
          host! string
          port! integer
        AppTerminationRequest
          operationAction! enum STOPPING TERMINATING
          maxGracefulTimeout! integer
        """
}
