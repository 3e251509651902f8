extension RniAPI {
    /// Fields and types of the GS's bodies, see ``SchemaText``.
    static let schemas = """
        Enum = integer
        CellId = string
        NrCellId = string
        Trigger = integers 0 1 2 3 4 5 10 11 12 13 14 15 20 21 30 31 40 41 42 50 51 60 61
        TriggerNr = integers 0 1 2 10 11 12 13 14 15 20 21 30 31
        AssociateId1_
          type integers 0 1 2 3 4
          value string
        NRcgi
          plmn! Plmn
          nrCellId! NrCellId
        L2Meas1_
          cellInfo L2Meas1_CellInfo[]
          cellUEInfo L2Meas1_CellUEInfo[]
          timeStamp TimeStamp
        L2Meas1_CellInfo
          dl_gbr_prb_usage_cell integer
          dl_nongbr_prb_usage_cell integer
          dl_total_prb_usage_cell integer
          ecgi Ecgi
          ul_gbr_prb_usage_cell integer
          ul_nongbr_prb_usage_cell integer
          ul_total_prb_usage_cell integer
          received_dedicated_preambles_cell integer
          received_randomly_selected_preambles_high_range_cell integer
          received_randomly_selected_preambles_low_range_cell integer
          number_of_active_ue_dl_gbr_cell integer
          number_of_active_ue_dl_nongbr_cell integer
          number_of_active_ue_ul_gbr_cell integer
          number_of_active_ue_ul_nongbr_cell integer
          dl_gbr_pdr_cell integer
          dl_nongbr_pdr_cell integer
          ul_gbr_pdr_cell integer
          ul_nongbr_pdr_cell integer
        L2Meas1_CellUEInfo
          associateId AssociateId
          dl_gbr_delay_ue integer
          dl_nongbr_delay_ue integer
          ecgi Ecgi
          ul_gbr_delay_ue integer
          ul_nongbr_delay_ue integer
          dl_gbr_data_volume_ue integer
          dl_gbr_pdr_ue integer
          dl_gbr_throughput_ue integer
          dl_nongbr_data_volume_ue integer
          dl_nongbr_pdr_ue integer
          dl_nongbr_throughput_ue integer
          ul_gbr_data_volume_ue integer
          ul_gbr_pdr_ue integer
          ul_gbr_throughput_ue integer
          ul_nongbr_data_volume_ue integer
          ul_nongbr_pdr_ue integer
          ul_nongbr_throughput_ue integer
        PlmnInfo
          timeStamp TimeStamp
          appInstanceId! string
          plmn! Plmn[]
        RabInfo
          timeStamp TimeStamp
          appInstanceId! string
          requestId! string
          cellUserInfo CellUserInfo[]
        S1BearerInfo
          erabId! integer
          enbInfo! EnbInfo
          sGwInfo! SGwInfo
        L2Meas
          timeStamp TimeStamp
          cellInfo CellInfo[]
          cellUEInfo CellUEInfo[]
        CellChangeSubscription
          subscriptionType! enum CellChangeSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          filterCriteriaAssocHo! FilterCriteriaAssocHo
          expiryDeadline TimeStamp
        RabEstSubscription
          subscriptionType! enum RabEstSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          filterCriteriaQci! FilterCriteriaQci
          expiryDeadline TimeStamp
        RabModSubscription
          subscriptionType! enum RabModSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          filterCriteriaQci! FilterCriteriaQci1
          expiryDeadline TimeStamp
        RabRelSubscription
          subscriptionType! enum RabRelSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          filterCriteriaQci! FilterCriteriaQci1
          expiryDeadline TimeStamp
        MeasRepUeSubscription
          subscriptionType! enum MeasRepUeSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          filterCriteriaAssocTri! FilterCriteriaAssocTri
          expiryDeadline TimeStamp
        MeasTaSubscription
          subscriptionType! enum MeasTaSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          filterCriteriaAssoc! FilterCriteriaAssoc
          expiryDeadline TimeStamp
        CaReconfSubscription
          subscriptionType! enum CaReconfSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          filterCriteriaAssoc! FilterCriteriaAssoc
          expiryDeadline TimeStamp
        S1BearerSubscription
          subscriptionType! enum S1BearerSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          eventType! integer[]
          S1BearerSubscriptionCriteria! S1BearerSubscriptionCriteria
          expiryDeadline TimeStamp
        SubscriptionLinkList
          _links! _links1
        NrMeasRepUeSubscription
          subscriptionType! enum NrMeasRepUeSubscription
          callbackReference uri
          requestTestNotification boolean
          websockNotifConfig WebsockNotifConfig
          _links _links
          filterCriteriaNrMrs! FilterCriteriaNrMrs
          expiryDeadline TimeStamp
        WebsockNotifConfig
          websocketUri uri
          requestWebsocketUri boolean
        CellChangeNotification
          notificationType! string
          timeStamp TimeStamp
          associateId AssociateId[]
          srcEcgi! Ecgi
          trgEcgi! Ecgi[]
          hoStatus! integers 1 2 3 4 5
          tempUeId TempUeId
          _links! _links[]
          subscription! LinkType[]
        RabEstNotification
          notificationType! string
          timeStamp TimeStamp
          ecgi! Ecgi
          associateId AssociateId[]
          erabId! integer
          erabQosParameters ErabQosParameters1
          tempUeId TempUeId1
          _links! _links[]
          subscription! LinkType[]
        RabModNotification
          notificationType! string
          timeStamp TimeStamp
          ecgi! Ecgi
          associateId AssociateId[]
          erabId! integer
          erabQosParameters ErabQosParameters2
          _links! _links[]
          subscription! LinkType[]
        RabRelNotification
          notificationType! string
          timeStamp TimeStamp
          ecgi! Ecgi
          associateId AssociateId[]
          erabReleaseInfo! ErabReleaseInfo
          _links! _links[]
          subscription! LinkType[]
        MeasRepUeNotification
          notificationType! string
          timeStamp TimeStamp
          ecgi! Ecgi
          associateId AssociateId[]
          rsrp! integer
          rsrpEx integer
          rsrq! integer
          rsrqEx integer
          sinr integer
          trigger! Trigger
          eutranNeighbourCellMeasInfo EutranNeighbourCellMeasInfo[]
          carrierAggregationMeasInfo CarrierAggregationMeasInfo[]
          heightUe integer
          newRadioMeasInfo NewRadioMeasInfo[]
          newRadioMeasNeiInfo NewRadioMeasNeiInfo[]
          _links! _links[]
        MeasTaNotification
          notificationType! string
          timeStamp TimeStamp
          ecgi! Ecgi
          associateId AssociateId[]
          timingAdvance! integer
          _links! _links[]
          subscription! LinkType[]
        CaReconfNotification
          notificationType! string
          timeStamp TimeStamp
          ecgi! Ecgi
          associateId AssociateId[]
          secondaryCellAdd SecondaryCellAdd[]
          secondaryCellRemove SecondaryCellRemove[]
          carrierAggregationMeasInfo CarrierAggregationMeasInfo1[]
          _links! _links[]
          subscription! LinkType[]
        ExpiryNotification
          notificationType! string
          timeStamp TimeStamp
          _links! _links2
          expiryDeadline! TimeStamp
        S1BearerNotification
          notificationType! string
          timeStamp TimeStamp
          s1Event! integers 1 2 3
          s1UeInfo! S1UeInfo1
          _links! _links[]
          subscription! LinkType[]
        NrMeasRepUeNotification
          notificationType! string
          timeStamp TimeStamp
          associateId AssociateId[]
          triggerNr! TriggerNr
          servCellMeasInfo ServCellMeasInfo[]
          nrNeighCellMeasInfo NrNeighCellMeasInfo[]
          eutraNeighCellMeasInfo EutraNeighCellMeasInfo[]
          _links! _links[]
          subscription! LinkType[]
        TestNotification
          notificationType! string
          _links! _links3
        LinkType
          href! uri
        TimeStamp
          seconds! integer
          nanoSeconds! integer
        AssociateId
          type! integers 0 1 2 3 4
          value! string
        Plmn
          mcc! string
          mnc! string
        Ecgi
          plmn! Plmn
          cellId! CellId
        Nrcgi
          plmn! Plmn
          nrCellId! NrCellId
        RsIndexResults
          resultsSsbIndexes! ResultsPerSsbIndexList
          resultsCsiRsIndexes! ResultsPerCsiRsIndexList
        ResultsPerSsbIndexList
          resultsPerSsbIndex ResultsPerSsbIndex[]
        ResultsPerCsiRsIndexList
          resultsPerCsiRsIndex ResultsPerCsiRsIndex[]
        MeasQuantityResultsNr
          rsrp integer
          rsrq integer
          sinr integer
        QosInformation
          erabMbrDl! integer
          erabMbrUl! integer
          erabGbrDl! integer
          erabGbrUl! integer
        ErabQosParameters
          qci! integer
          qosInformation QosInformation
        ErabInfo
          erabId! integer
          erabQosParameters ErabQosParameters
        UeInfo
          associateId AssociateId[]
          erabInfo! ErabInfo[]
        CellUserInfo
          ecgi Ecgi
          nrcgi Nrcgi
          ueInfo! UeInfo[]
        TempUeId
          mmec! string
          mtmsi! string
        EnbInfo
          ipAddress! string
          tunnelId! string
        SGwInfo
          ipAddress! string
          tunnelId! string
        S1BearerInfoDetailed
          erabId! integer
          enbInfo! EnbInfo
          sGwInfo! SGwInfo
        S1UeInfo
          tempUeId TempUeId
          associateId! AssociateId[]
          ecgi Ecgi[]
          nrcgi Nrcgi[]
          s1BearerInfoDetailed! S1BearerInfoDetailed[]
        CellInfo
          ecgi Ecgi
          nrcgi Nrcgi
          dl_gbr_prb_usage_cell integer
          ul_gbr_prb_usage_cell integer
          dl_nongbr_prb_usage_cell integer
          ul_nongbr_prb_usage_cell integer
          dl_total_prb_usage_cell integer
          ul_total_prb_usage_cell integer
          received_dedicated_preambles_cell integer
          received_randomly_selected_preambles_low_range_cell integer
          received_randomly_selected_preambles_high_range_cell integer
          number_of_active_ue_dl_gbr_cell integer
          number_of_active_ue_ul_gbr_cell integer
          number_of_active_ue_dl_nongbr_cell integer
          number_of_active_ue_ul_nongbr_cell integer
          dl_gbr_pdr_cell integer
          ul_gbr_pdr_cell integer
          dl_nongbr_pdr_cell integer
          ul_nongbr_pdr_cell integer
        CellUEInfo
          ecgi Ecgi
          nrcgi Nrcgi
          associateId! AssociateId
          dl_gbr_delay_ue integer
          ul_gbr_delay_ue integer
          dl_nongbr_delay_ue integer
          ul_nongbr_delay_ue integer
          dl_gbr_pdr_ue integer
          ul_gbr_pdr_ue integer
          dl_nongbr_pdr_ue integer
          ul_nongbr_pdr_ue integer
          dl_gbr_throughput_ue integer
          ul_gbr_throughput_ue integer
          dl_nongbr_throughput_ue integer
          ul_nongbr_throughput_ue integer
          dl_gbr_data_volume_ue integer
          ul_gbr_data_volume_ue integer
          dl_nongbr_data_volume_ue integer
          ul_nongbr_data_volume_ue integer
        _links
          self! LinkType
        FilterCriteriaAssocHo
          appInstanceId string
          associateId AssociateId[]
          ecgi Ecgi[]
          hoStatus integer[]
        FilterCriteriaQci
          appInstanceId string
          ecgi Ecgi[]
          qci! integer
        FilterCriteriaQci1
          appInstanceId string
          erabId! integer
          ecgi Ecgi[]
          qci! integer
        FilterCriteriaAssocTri
          appInstanceId string
          associateId AssociateId[]
          ecgi Ecgi[]
          trigger Trigger[]
        FilterCriteriaAssoc
          appInstanceId string
          associateId AssociateId[]
          ecgi Ecgi[]
        S1BearerSubscriptionCriteria
          associateId AssociateId[]
          ecgi Ecgi[]
          erabId integer[]
        Subscription
          href! uri
          subscriptionType! string
        _links1
          self! LinkType
          subscription Subscription[]
        FilterCriteriaNrMrs
          appInstanceId string
          associateId AssociateId[]
          nrcgi NRcgi[]
          triggerNr TriggerNr[]
        QosInformation1
          erabMbrDl! integer
          erabMbrUl! integer
          erabGbrDl! integer
          erabGbrUl! integer
        ErabQosParameters1
          qci! integer
          qosInformation QosInformation1
        TempUeId1
          mmec! string
          mtmsi! string
        QosInformation2
          erabMbrDl! integer
          erabMbrUl! integer
          erabGbrDl! integer
          erabGbrUl! integer
        ErabQosParameters2
          qci! integer
          qosInformation QosInformation2
        ErabReleaseInfo
          erabId! integer
        EutranNeighbourCellMeasInfo
          ecgi! Ecgi
          rsrp integer
          rsrpEx integer
          rsrq integer
          rsrqEx integer
          sinr integer
        CarrierAggregationMeasInfo
          cellIdSrv! CellId
          rsrpSrv integer
          rsrpSrvEx integer
          rsrqSrv integer
          rsrqSrvEx integer
          sinrSrv integer
          cellIdNei CellId
          rsrpNei integer
          rsrpNeiEx integer
          rsrqNei integer
          rsrqNeiEx integer
          sinrNei integer
        NrSCellInfo
          nrSCellPlmn! Plmn[]
          nrSCellGId! NrCellId
        NrSCs
          nrSCellInfo! NrSCellInfo[]
          nrSCellRsrp integer
          nrSCellRsrq integer
          nrSCellRssi integer
        NrBNCellInfo
          nrBNCellPlmn! Plmn[]
          nrBNCellGId! NrCellId
        NrBNCs
          nrBNCellInfo! NrBNCellInfo[]
          nrBNCellRsrp integer
          nrBNCellRsrq integer
          nrBNCellRssi integer
        NewRadioMeasInfo
          nrCarrierFreq! integer
          nrSCs! NrSCs
          nrBNCs NrBNCs
        NrNCellInfo
          nrNCellPlmn! Plmn[]
          nrNCellGId! NrCellId
        NewRadioMeasNeiInfo
          nrNCellInfo! NrNCellInfo[]
          nrNCellRsrp integer
          nrNCellRsrq integer
          nrNCellRssi integer
          rsIndexResults RsIndexResults
        SecondaryCellAdd
          ecgi! Ecgi
        SecondaryCellRemove
          ecgi! Ecgi
        CarrierAggregationMeasInfo1
          cellIdSrv! CellId
          rsrpSrv integer
          rsrqSrv integer
          cellIdNei! CellId
          rsrpNei integer
          rsrqNei integer
        _links2
          subscription! LinkType
        S1UeInfo1
          tempUeId TempUeId
          associateId AssociateId[]
          ecgi! Ecgi[]
          s1BearerInfo! S1BearerInfo[]
        SCell
          measQuantityResultsSsbCell MeasQuantityResultsNr
          measQuantityResultsCsiRsCell MeasQuantityResultsNr
          rsIndexResults RsIndexResults
        NCell
          measQuantityResultsSsbCell MeasQuantityResultsNr
          measQuantityResultsCsiRsCell MeasQuantityResultsNr
          rsIndexResults RsIndexResults
        ServCellMeasInfo
          nrcgi! Nrcgi
          sCell! SCell
          nCell NCell
        NrNeighCellMeasInfo
          nrcgi! Nrcgi
          measQuantityResultsSsbCell MeasQuantityResultsNr
          measQuantityResultsCsiRsCell MeasQuantityResultsNr
          rsIndexResults RsIndexResults
        EutraNeighCellMeasInfo
          ecgi! Ecgi
          rsrp integer
          rsrq integer
          sinr integer
        _links3
          subscription! LinkType
        ResultsPerSsbIndex
          ssbIndex! integer
          ssbResults MeasQuantityResultsNr
        ResultsPerCsiRsIndex
          csiRsIndex! integer
          csiRsResults MeasQuantityResultsNr
        S1BearerInfoAnswer
          timeStamp TimeStamp
          s1UeInfo! S1UeInfo[]
        RniSubscription = CellChangeSubscription | RabEstSubscription | RabModSubscription | RabRelSubscription | MeasRepUeSubscription | NrMeasRepUeSubscription | MeasTaSubscription | CaReconfSubscription | S1BearerSubscription
        """
}
