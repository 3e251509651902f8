extension LocationAPI {
    /// Fields and types of the GS's bodies, see ``SchemaText``.
    static let schemas = """
        AccessPointInfo
          accessPointId! string
          connectionType! ConnectionType
          interestRealm string
          locationInfo LocationInfo
          numberOfUsers! integer
          operationStatus! OperationStatus
          resourceURL! string
          timezone string
        OperationStatus = enum Serviceable Unserviceable Unknown
        AccessPointList
          accessPoint AccessPointInfo[]
          resourceURL! string
          zoneId! string
        ConnectionType = enum LTE Wifi Wimax 5G~NR UNKNOWN
        LocationInfo
          accuracy integer
          accuracyAltitude integer
          accuracySemiMinor integer
          altitude number
          confidence integer
          includedAngle integer
          innerRadius integer
          latitude! number[]
          longitude! number[]
          offsetAngle integer
          orientationMajorAxis integer
          shape! integers 1 2 3 4 5 6 7
          uncertaintyRadius integer
          velocity Velocity
        Velocity
          bearing! integer
          horizontalSpeed! integer
          uncertainty integer
          velocityType! integers 1 2 3 4
          verticalSpeed integer
          verticalUncertainty integer
        NotificationSubscriptionList
          resourceURL! LinkType
          subscription Subscription[]
        TerminalDistance
          accuracy integer
          distance! integer
          timestamp TimeStamp
        TerminalLocation
          address! string
          currentLocation LocationInfo
          errorInformation ServiceError
          locationRetrievalStatus! RetrievalStatus
        RetrievalStatus = enum Retrieved NotRetrieved Error
        ServiceError
          messageId! string
          text! string
          variables string[]
        TimeStamp
          nanoSeconds! integer
          seconds! integer
        UserInfo
          address! uri
          AccessPointId string
          zoneId! string
          resourceURL! string
          timestamp! TimeStamp
          locationInfo LocationInfo
          civicInfo CivicAddress
          ancillaryInfo string
          relativeLocationInfo RelativeLocationInfo
        UserList
          resourceURL! string
          user UserInfo[]
        ZoneInfo
          numberOfAccessPoints! integer
          numberOfUnserviceableAccessPoints! integer
          numberOfUsers! integer
          resourceURL! string
          zoneId! string
        ZoneList
          resourceURL! string
          zone ZoneInfo[]
        ZoneStatusNotification
          _links! _links
          accessPointId string
          notificationType! string
          operationStatus OperationStatus
          timeStamp TimeStamp
          userNumEvent integers 1 2 3 4
          zoneId! string
        ZoneStatusSubscription
          _links _links
          callbackReference uri
          clientCorrelator string
          expiryDeadline TimeStamp
          lowerNumberOfUsersAPThreshold integer
          lowerNumberOfUsersZoneThreshold integer
          operationStatus OperationStatus[]
          reportingCtrl ReportingCtrl
          requestTestNotification boolean
          subscriptionType! string
          upperNumberOfUsersAPThreshold integer
          upperNumberOfUsersZoneThreshold integer
          websockNotifConfig WebsockNotifConfig
          zoneId! string
        RelativeLocationInfo
          X! number
          Y! number
          Z number
          mapInfo! MapInfo
        MapInfo
          ancillaryMapInfo object
          mapId! string
          origin Origin
        Origin
          altitude number
          latitude! number
          longitude! number
        Subscription
          href! uri
          subscriptionType! string
        LinkType
          href! uri
        UserLocationEventSubscription
          _links _links
          address! uri
          callbackReference uri
          clientCorrelator string
          expiryDeadline TimeStamp
          locationEventCriteria LocationEventType[]
          requestTestNotification boolean
          subscriptionType! string
          userEventPara UserEventPara
          websockNotifConfig WebsockNotifConfig
        UserLocationPeriodicSubscription
          _links _links
          address! uri
          callbackReference uri
          clientCorrelator string
          expiryDeadline TimeStamp
          periodicEventInfo! PeriodicEventInfo
          requestTestNotification boolean
          subscriptionType! string
          websockNotifConfig WebsockNotifConfig
        PeriodicEventInfo
          reportingAmount! number
          reportingInterval! number
        ZoneLocationEventSubscription
          _links _links
          addressList string[]
          callbackReference uri
          clientCorrelator string
          expiryDeadline TimeStamp
          locationEventCriteria LocationEventType[]
          reportingCtrl ReportingCtrl
          requestTestNotification boolean
          subscriptionType! string
          websockNotifConfig WebsockNotifConfig
          zoneId! string
        UserAreaSubscription
          _links _links
          addressList! string[]
          areaDefine! AreaInfo
          callbackReference uri
          clientCorrelator string
          expiryDeadline TimeStamp
          locationEventCriteria LocationEventType[]
          reportingCtrl ReportingCtrl
          reportingLocationReq boolean
          requestTestNotification boolean
          subscriptionType! string
          trackingAccuracy! number
          websockNotifConfig WebsockNotifConfig
        UserDistanceSubscription
          _links _links
          callbackReference uri
          checkImmediate! boolean
          clientCorrelator string
          criteria! DistanceCriteria
          distance! number
          expiryDeadline TimeStamp
          monitoredAddress! string[]
          referenceAddress string[]
          reportingCtrl ReportingCtrl
          requestTestNotification boolean
          subscriptionType! string
          trackingAccuracy! number
          websockNotifConfig WebsockNotifConfig
        DistanceCriteria = enum AllWithinDistance AnyWithinDistance AllBeyondDistance AnyBeyondDistance
        UserDistanceNotification
          _links! _links
          distanceEvent! DistanceCriteria
          monitoredUsers! UserList
          notificationType! string
          timeStamp TimeStamp
        UserLocationEventNotification
          _links! _links
          accessPointId string
          address uri
          civicInfo CivicAddress
          locationInfo LocationInfo
          notificationType! string
          relativeLocationInfo RelativeLocationInfo
          timeStamp TimeStamp
          userLocationEvent! LocationEventType
          zoneId string
        UserLocationPeriodicNotification
          _links! _links
          accessPointId string
          address uri
          civicInfo CivicAddress
          isFinalNotification boolean
          locationInfo LocationInfo
          notificationType! string
          relativeLocationInfo RelativeLocationInfo
          result! NotificationResult
          timeStamp TimeStamp
          zoneId string
        ZoneLocationEventNotification
          _links! _links
          address! uri
          notificationType! string
          timeStamp TimeStamp
          userLocationEvent! LocationEventType
          zoneId! string
        UserAreaNotification
          _links! _links
          address! uri
          civicInfo CivicAddress
          locationInfo LocationInfo
          notificationType! string
          relativeLocationInfo RelativeLocationInfo
          timeStamp TimeStamp
          userLocationEvent! LocationEventType
        AreaInfo
          points! Point[]
          radius integer
          shape! integers 1 2
        Point
          latitude! number
          longitude! number
        ReportingCtrl
          maximumCount integer
          maximumFrequency integer
          minimumInterval integer
        _links
          self! LinkType
        UserEventPara
          accessPointList string[]
          occurrenceInfo OccurrenceInfo
          reportingLocationReq boolean
          zoneId string
        WebsockNotifConfig
          requestWebsocketUri boolean
          websocketUri uri
        TestNotification
          _links! _links
          notificationType! string
        LocationEventType = enum ENTERING_AREA_EVENT LEAVING_AREA_EVENT
        NotificationResult = enum SUCCESS ABNORMAL
        OccurrenceInfo = enum ONE_TIME_EVENT MULTIPLE_TIME_EVENT
        CivicAddress
          country! string
          A1 string
          A2 string
          A3 string
          A4 string
          A5 string
          A6 string
          PRD string
          POD string
          STS string
          HNO string
          HNS string
          LMK string
          LOC string
          NAM string
          PC string
          BLD string
          UNIT string
          FLR string
          ROOM string
          PLC string
          PCN string
          POBOX string
          ADDCODE string
          SEAT string
          RD string
          RDSEC string
          RDBR string
          RDSUBBR string
          PRM string
          POM string
          usageRules string
          method string
          providedBy string
        """
}
