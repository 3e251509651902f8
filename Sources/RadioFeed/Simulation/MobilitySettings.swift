/// How terminals measure and how the network moves them.
///
/// The names are those of TS 36.331 and TS 38.331 where they have one. Times are rounded up to whole
/// measurement steps.
package struct MobilitySettings: Sendable, Hashable {
    /// Decibels by which a neighbour must be better, TS 36.331 5.5.4.4 `Off`. -15…15.
    package var a3Offset: Float = 3
    /// Decibels, TS 36.331 5.5.4.4 `Hys`. 0…15.
    package var hysteresis: Float = 1
    /// Milliseconds that an entering condition must hold, TS 36.331 6.3.5 `TimeToTrigger`. 0…5120.
    package var timeToTrigger: Int = 320
    /// SS-RSRP in dBm above which a terminal on E-UTRA is sent to NR, TS 36.331 5.5.4.7 (B1). -156…-31.
    package var b1Threshold: Float = -105
    /// SS-RSRP in dBm of the serving cell below which a terminal on NR may be sent to E-UTRA,
    /// TS 38.331 5.5.4.9 (B2) threshold 1.
    package var b2Threshold1: Float = -112
    /// RSRP in dBm of the E-UTRA neighbour, TS 38.331 5.5.4.9 (B2) threshold 2. -140…-44.
    package var b2Threshold2: Float = -112
    /// The k of layer 3 filtering, TS 36.331 5.5.3.2: weight of the newest measurement 1/2^(k/4). 0…19.
    package var filterCoefficient: Int = 4
    /// Standard deviation in decibels of what is left of fast fading in one layer 1 measurement. 0…6.
    package var measurementDeviation: Float = 1
    /// Milliseconds from measurement report to the target's answer (X2AP Handover Request and its acknowledgement).
    package var preparationTime: Int = 50
    /// Milliseconds from handover command to random access at the target; T304 is not reached.
    package var executionTime: Int = 50
    /// Milliseconds before a rejected or cancelled handover is tried again.
    package var retryTime: Int = 2_000
    /// Qout as a SINR in decibels, TS 36.133 7.6.1: a radio link worse than that is out of sync.
    package var outOfSyncSinr: Float = -8
    /// Milliseconds out of sync before radio link failure, TS 36.331 T310.
    package var t310: Int = 1_000
    /// dBm below which a cell is not camped on, TS 36.304 5.2.3.2 Qrxlevmin.
    package var minimumLevel: Float = -124
    /// RSRP in dBm at which a secondary cell is added (A4) and removed (A2), TS 36.331 5.5.4.
    package var secondaryCellAddLevel: Float = -105
    package var secondaryCellRemoveLevel: Float = -111
    /// Secondary cells per terminal, 0…4.
    package var secondaryCellsMax: Int = 2
    /// RSSI in dBm at which a terminal takes a Wi-Fi access point, and at which it leaves it.
    package var wifiJoinLevel: Float = -67
    package var wifiLeaveLevel: Float = -77
    /// Neighbours in a measurement report, TS 36.331 maxReportCells. 1…8.
    package var reportCellsMax: Int = 6

    package init() {}
}
