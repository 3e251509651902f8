"""The MEC services over gRPC, as a Python application calls them."""

import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from rpc import Rpc, Watch, basic, stub_module
from test_rpc import refused
from weir import run

NAMES = ["weir.bandwidth.v1.BandwidthManagement", "weir.location.v1.Location", "weir.rnis.v1.RadioNetwork"]
# The Monaco scenario, twenty times as fast as life; what it tells of terminals is kept.
SITE = """
rpc: {listen: "127.0.0.1:0"}
listeners: [{url: "tcp://127.0.0.1:0"}]
radio: {scenarios: [{speed: 20}]}
streams: [{name: radio, filters: ["mec/v1/pb/rni/cell_change/#", "mec/v1/pb/rni/nr_meas_rep_ue/#"]}]
"""


class Site(Rpc):
    """The services' stubs and messages beside those of the bus."""

    def __init__(self, server, metadata=()):
        super().__init__(server, metadata)
        self.mec = stub_module("weir.mec.v1.mec_pb2")
        self.radio, self.enums = stub_module("weir.rnis.v1.service_pb2"), stub_module("weir.rnis.v1.enums_pb2")
        self.location = stub_module("weir.location.v1.service_pb2")
        self.places = stub_module("weir.location.v1.location_pb2")
        self.bandwidth = stub_module("weir.bandwidth.v1.service_pb2")
        self.links = stub_module("weir.bandwidth.v1.bandwidth_pb2")
        self.radio_stub = stub_module("weir.rnis.v1.service_pb2_grpc").RadioNetworkStub(self.channel)
        self.location_stub = stub_module("weir.location.v1.service_pb2_grpc").LocationStub(self.channel)
        self.bandwidth_stub = stub_module("weir.bandwidth.v1.service_pb2_grpc").BandwidthManagementStub(self.channel)

    def ask(self, method, request):
        return method(request, metadata=self.metadata, timeout=20)

    def watch_radio(self, *criteria, **delivery):
        return Watch(self, self.radio_stub.WatchNotifications, self.radio.WatchNotificationsRequest,
                     {"criteria": criteria}, **delivery)

    def watch_location(self, criteria=(), ids=(), **delivery):
        return Watch(self, self.location_stub.WatchNotifications, self.location.WatchNotificationsRequest,
                     {"criteria": criteria, "subscription_id": ids}, **delivery)

    def watch_bandwidth(self, credit=1000, delivery=None, **criteria):
        return Watch(self, self.bandwidth_stub.WatchAllocations, self.bandwidth.WatchAllocationsRequest,
                     criteria, credit, **(delivery or {}))

    def users(self, **fields):
        return self.ask(self.location_stub.ListUsers, self.location.ListUsersRequest(**fields)).user

    def wait_for_users(self):
        """The first users at access points, once the scenario runs."""
        for _ in range(600):
            found = self.users()
            if len(found) > 1:
                return found
            time.sleep(0.05)
        raise AssertionError("no user within 30 s")


@pytest.fixture
def site(start):
    return start(config=SITE)


def test_the_services_are_listed_and_healthy(site):
    with grpc.insecure_channel(site.ports["rpc"]) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert set(NAMES) < set(database.get_services())
        for name in NAMES:
            assert "WatchNotifications" in str(database.FindFileContainingSymbol(name)) or name == NAMES[0]
            health = health_pb2_grpc.HealthStub(channel)
            assert health.Check(health_pb2.HealthCheckRequest(service=name)).status == 1


def test_what_does_not_run_is_not_served(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "rpc.listen=127.0.0.1:0")
    with Site(server) as app:
        with pytest.raises(grpc.RpcError) as caught:
            app.users()
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        database = ProtoReflectionDescriptorDatabase(app.channel)
        assert not set(NAMES) & set(database.get_services())


# -- radio network


def test_queries_of_the_radio_network(site):
    with Site(site) as app:
        app.wait_for_users()
        rab = app.ask(app.radio_stub.GetRabInfo, app.radio.GetRabInfoRequest(app_instance_id="app-1"))
        assert rab.app_instance_id == "app-1" and rab.request_id and rab.cell_user_info
        ue = rab.cell_user_info[0].ue_info[0]
        # The same again, for this terminal alone.
        one = app.ask(app.radio_stub.GetRabInfo, app.radio.GetRabInfoRequest(
            associate_id=ue.terminal.associate_id, erab_id=[ue.erab_info[0].erab_id]))
        found = [u for cell in one.cell_user_info for u in cell.ue_info]
        assert [u.terminal.name for u in found] == [ue.terminal.name] and len(found[0].erab_info) == 1
        plmns = app.ask(app.radio_stub.GetPlmnInfo, app.radio.GetPlmnInfoRequest(app_instance_id=["a", "b"])).plmn_info
        assert [p.app_instance_id for p in plmns] == ["a", "b"] and plmns[0].plmn[0].mcc
        assert app.ask(app.radio_stub.GetL2Meas, app.radio.GetL2MeasRequest()).cell_info
        app.ask(app.radio_stub.GetS1BearerInfo, app.radio.GetS1BearerInfoRequest())
        ask = app.radio.GetPlmnInfoRequest()
        assert refused(lambda: app.ask(app.radio_stub.GetPlmnInfo, ask))[:2] == (
            grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST")
        ask = app.radio.GetRabInfoRequest(erab_id=[256])
        assert refused(lambda: app.ask(app.radio_stub.GetRabInfo, ask))[1] == "BAD_REQUEST"


def test_notifications_under_filter_criteria(site):
    with Site(site) as app:
        everything = app.watch_radio()
        reports = app.radio.NotificationCriteria(nr_meas_rep_ue=app.radio.NrMeasRepUeCriteria())
        first = next(n for n in iter(everything.event, None) if n.WhichOneof("body") == "nr_meas_rep_ue")
        assert first.event.topic.startswith("mec/v1/pb/rni/nr_meas_rep_ue/") and not first.event.payload
        cell = first.nr_meas_rep_ue.serv_cell_meas_info[0].serving.cell
        everything.close()
        reports.nr_meas_rep_ue.cell.append(cell)
        changes = app.radio.NotificationCriteria(cell_change=app.radio.CellChangeCriteria(
            ho_status=[app.enums.HO_STATUS_IN_PREPARATION, app.enums.HO_STATUS_COMPLETED]))
        watch = app.watch_radio(reports, changes)
        seen = set()
        while seen != {"nr_meas_rep_ue", "cell_change"}:
            note = watch.event()
            kind = note.WhichOneof("body")
            seen.add(kind)
            if kind == "nr_meas_rep_ue":
                assert note.nr_meas_rep_ue.serv_cell_meas_info[0].serving.cell == cell
            else:
                assert note.cell_change.ho_status in (1, 3)
        watch.close()
        # Of one terminal.
        terminal = first.nr_meas_rep_ue.terminal
        one = app.watch_radio(app.radio.NotificationCriteria(
            nr_meas_rep_ue=app.radio.NrMeasRepUeCriteria(associate_id=terminal.associate_id)))
        assert {n.nr_meas_rep_ue.terminal.name for n in one.take(3)} == {terminal.name}


def test_a_watch_resumes_at_its_cursor_across_kill_nine(site):
    with Site(site) as app:
        watch = app.watch_radio(app.radio.NotificationCriteria(cell_change=app.radio.CellChangeCriteria()))
        assert watch.opened.stream == "radio"
        seen = watch.take(3)
        cursor = seen[-1].event.cursor
        missed = [n.event.id for n in watch.take(2)]
    site.kill()
    site.restart()
    with Site(site) as app:
        again = app.watch_radio(app.radio.NotificationCriteria(cell_change=app.radio.CellChangeCriteria()),
                                start=app.start(after=cursor))
        notes = again.take(2)
        assert [n.event.id for n in notes] == missed and notes[0].event.history
        assert refused(lambda: app.watch_radio(start=app.start(after=cursor)))[1] == "NO_STREAM"


def test_nothing_is_sent_beyond_the_credit_and_the_rest_waits(site):
    with Site(site) as app:
        watch = app.watch_radio(credit=2, heartbeat_interval_seconds=1)
        first = watch.take(2)
        beat = watch.next("heartbeat")
        assert beat.credit.events == 0
        watch.grant(events=3)
        ids = [n.event.id for n in first + watch.take(3)]
        assert len(set(ids)) == 5 and watch.next("heartbeat").credit.events == 0


def test_a_durable_subscription_read_through_a_watch(site):
    with Site(site) as app:
        app.create("radio", ["mec/v1/pb/rni/cell_change/#", "mec/v1/pb/rni/nr_meas_rep_ue/#"])
        changes = app.radio.NotificationCriteria(cell_change=app.radio.CellChangeCriteria())
        watch = app.watch_radio(changes, subscription="radio")
        notes = watch.take(3)
        assert {n.WhichOneof("body") for n in notes} == {"cell_change"}
        watch.ack(notes[1].event.cursor)
        deadline = time.monotonic() + 20
        def acknowledged():
            return app.call("GetSubscription", app.bus.GetSubscriptionRequest(name="radio")).subscription.acknowledged
        while acknowledged().position <= notes[1].event.cursor.position:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        watch.close()
        # Unacknowledged events come again; what the criteria leave out does not.
        again = app.watch_radio(changes, subscription="radio").take(1)[0]
        assert (again.event.id, again.event.redelivery_count) == (notes[2].event.id, 1)


def test_bad_criteria_are_named(site):
    with Site(site) as app:
        empty = app.radio.NotificationCriteria()
        assert refused(lambda: app.watch_radio(empty))[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST")
        assert refused(lambda: app.watch_radio(filters=["a"]))[1] == "BAD_REQUEST"
        far = app.radio.NotificationCriteria(meas_ta=app.radio.MeasTaCriteria(cell=[
            app.mec.CellIdentity(ecgi=app.mec.Ecgi(plmn=app.mec.Plmn(mcc="208", mnc="01"), cell_id=1 << 28))]))
        with pytest.raises(grpc.RpcError) as caught:
            app.watch_radio(far)
        assert "cell:" in caught.value.details()


# -- location


def test_queries_of_the_location_service(site):
    with Site(site) as app:
        user = app.wait_for_users()[0]
        assert user.address.startswith("acr:") and user.zone_id and user.access_point_id
        zones = app.ask(app.location_stub.ListZones, app.location.ListZonesRequest()).zone
        zone = next(z for z in zones if z.zone_id == user.zone_id)
        points = app.ask(app.location_stub.ListAccessPoints,
                         app.location.ListAccessPointsRequest(zone_id=zone.zone_id)).access_point
        assert len(points) == zone.number_of_access_points
        assert {u.zone_id for u in app.users(zone_id=[zone.zone_id])} <= {zone.zone_id}
        here = app.location.Point(latitude=user.location_info.latitude, longitude=user.location_info.longitude)
        distance = app.ask(app.location_stub.GetDistance,
                           app.location.GetDistanceRequest(address=[user.address], location=here))
        assert 0 <= distance.distance < 5_000
        ask = app.location.ListAccessPointsRequest(zone_id="nowhere")
        assert refused(lambda: app.ask(app.location_stub.ListAccessPoints, ask))[:2] == (
            grpc.StatusCode.NOT_FOUND, "UNKNOWN_RESOURCE")
        ask = app.location.GetDistanceRequest(address=[user.address])
        assert refused(lambda: app.ask(app.location_stub.GetDistance, ask))[1] == "BAD_REQUEST"


def periodic(app, user, amount=100):
    return app.location.NotificationCriteria(user_location_periodic=app.location.UserLocationPeriodicCriteria(
        address=user.address, reporting_amount=amount, reporting_interval=1))


def test_criteria_of_a_watch_last_as_long_as_the_call(site):
    with Site(site) as app:
        user, other = app.wait_for_users()[:2]
        near = app.location.NotificationCriteria(user_distance=app.location.UserDistanceCriteria(
            monitored_address=[user.address], reference_address=[other.address], distance=1e6, check_immediate=True,
            criteria=app.places.DISTANCE_CRITERIA_ALL_WITHIN_DISTANCE))
        def listed():
            return app.ask(app.location_stub.ListSubscriptions, app.location.ListSubscriptionsRequest()).subscriptions
        watch = app.watch_location([periodic(app, user), near])
        assert len(listed()) == 2
        kinds = {n.WhichOneof("body") for n in watch.take(2)}
        assert kinds == {"user_location_periodic", "user_distance"}
        watch.close()
        deadline = time.monotonic() + 20
        while listed():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        # All moves of all users, where nothing is said.
        note = app.watch_location().event()
        assert note.WhichOneof("body") in ("user_location_event", "zone_location_event", "user_location_periodic",
                                           "zone_status")
        wrong = app.location.NotificationCriteria(zone_status=app.location.ZoneStatusCriteria(zone_id="port"))
        code, why, _ = refused(lambda: app.watch_location([wrong]))
        assert (code, why) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST")


def test_a_subscription_of_the_location_service_is_made_watched_and_ended(site):
    with Site(site) as app:
        user = app.wait_for_users()[0]
        made = app.ask(app.location_stub.CreateSubscription, app.location.CreateSubscriptionRequest(
            criteria=periodic(app, user), client_correlator="mine"))
        assert made.id and made.criteria == periodic(app, user) and made.client_correlator == "mine"
        note = app.watch_location(ids=[made.id]).event()
        assert note.user_location_periodic.address == user.address
        assert note.user_location_periodic.subscription == made.id
        found = app.ask(app.location_stub.GetSubscription, app.location.GetSubscriptionRequest(id=made.id))
        assert found == made
        app.ask(app.location_stub.DeleteSubscription, app.location.DeleteSubscriptionRequest(id=made.id))
        ask = app.location.GetSubscriptionRequest(id=made.id)
        assert refused(lambda: app.ask(app.location_stub.GetSubscription, ask))[1] == "UNKNOWN_RESOURCE"


# -- bandwidth


def test_allocations_are_made_changed_watched_and_ended(site):
    with Site(site) as app:
        down = app.links.ALLOCATION_DIRECTION_DOWNLINK
        watch = app.watch_bandwidth(app_ins_id=["video"])
        watch.next("caught_up")
        def allocate(application, bits):
            return app.ask(app.bandwidth_stub.CreateAllocation, app.bandwidth.CreateAllocationRequest(
                bw_info=app.links.BwInfo(app_ins_id=application, fixed_allocation=bits, allocation_direction=down)))
        allocate("other", 1_000)
        made = allocate("video", 80_000)
        assert made.allocation_id and made.fixed_allocation == 80_000
        created = watch.event()
        assert created.body.change == app.links.BW_CHANGE_CREATED and created.body.bw_info == made
        changed = app.ask(app.bandwidth_stub.UpdateAllocation, app.bandwidth.UpdateAllocationRequest(
            allocation_id=made.allocation_id, fixed_allocation=90_000))
        assert changed.fixed_allocation == 90_000 and changed.app_ins_id == "video"
        listed = app.ask(app.bandwidth_stub.ListAllocations, app.bandwidth.ListRequest(app_ins_id=["video"])).bw_info
        assert [i.allocation_id for i in listed] == [made.allocation_id]
        end = app.bandwidth.DeleteAllocationRequest(allocation_id=made.allocation_id)
        app.ask(app.bandwidth_stub.DeleteAllocation, end)
        assert [n.body.change for n in watch.take(2)] == [
            app.links.BW_CHANGE_UPDATED, app.links.BW_CHANGE_DELETED]
        assert refused(lambda: app.ask(app.bandwidth_stub.DeleteAllocation, end))[:2] == (
            grpc.StatusCode.NOT_FOUND, "UNKNOWN_RESOURCE")
        assert refused(lambda: allocate("video", 1 << 60))[:2] == (
            grpc.StatusCode.RESOURCE_EXHAUSTED, "OVER_QUOTA")
        assert refused(lambda: allocate("video", 0))[1] == "BAD_REQUEST"


def test_traffic_steering(site):
    with Site(site) as app:
        capability = app.ask(app.bandwidth_stub.GetMtsCapability, app.bandwidth.GetMtsCapabilityRequest())
        assert capability.mts_access_info and list(capability.mts_mode) == [0, 1, 2, 3, 4]
        session = app.links.MtsSessionInfo(app_ins_id="video", mts_mode=1,
                                           traffic_direction=app.links.ALLOCATION_DIRECTION_DOWNLINK)
        made = app.ask(app.bandwidth_stub.CreateMtsSession, app.bandwidth.CreateMtsSessionRequest(session=session))
        assert made.session_id and made.access_id
        made.mts_mode = 0
        changed = app.ask(app.bandwidth_stub.UpdateMtsSession, app.bandwidth.UpdateMtsSessionRequest(session=made))
        assert changed.mts_mode == 0 and changed.session_id == made.session_id
        listed = app.ask(app.bandwidth_stub.ListMtsSessions, app.bandwidth.ListRequest(id=[made.session_id])).sessions
        assert [s.session_id for s in listed] == [made.session_id]
        end = app.bandwidth.DeleteMtsSessionRequest(session_id=made.session_id)
        app.ask(app.bandwidth_stub.DeleteMtsSession, end)
        assert refused(lambda: app.ask(app.bandwidth_stub.DeleteMtsSession, end))[1] == "UNKNOWN_RESOURCE"


# -- who may do what


RULES = """
user radio
topic read mec/v1/pb/rni/nr_meas_rep_ue/#
topic read mec/v1/pb/rni/query
user bandwidth
topic write mec/v1/json/bwm/request/allocation/create
"""


def test_the_rules_of_the_topics_hold(start, tmp_path):
    rules, passwords = tmp_path / "rules", tmp_path / "passwords"
    rules.write_text(RULES)
    for user in ("radio", "bandwidth"):
        run("passwd", *([] if passwords.exists() else ["-c"]), "-b", passwords, user, "secret", check=0)
    server = start("--set", f"access.passwordFile={passwords}", "--set", f"access.rulesFile={rules}",
                   "--set", "access.allowAnonymous=false", config=SITE)
    denied = grpc.StatusCode.PERMISSION_DENIED
    with Site(server, basic("radio", "secret")) as app:
        app.ask(app.radio_stub.GetRabInfo, app.radio.GetRabInfoRequest())
        watch = app.watch_radio(app.radio.NotificationCriteria(nr_meas_rep_ue=app.radio.NrMeasRepUeCriteria()))
        assert watch.event().WhichOneof("body") == "nr_meas_rep_ue"
        changes = app.radio.NotificationCriteria(cell_change=app.radio.CellChangeCriteria())
        code, why, info = refused(lambda: app.watch_radio(changes))
        assert (code, why, info["filter"]) == (denied, "FILTER_NOT_ALLOWED", "mec/v1/pb/rni/cell_change/#")
        assert refused(app.users)[:2] == (denied, "TOPIC_NOT_ALLOWED")
        assert refused(app.watch_location)[1] == "FILTER_NOT_ALLOWED"
        ask = app.location.CreateSubscriptionRequest(criteria=app.location.NotificationCriteria(
            user_location_periodic=app.location.UserLocationPeriodicCriteria(
                address="acr:10.0.0.1", reporting_amount=1, reporting_interval=1)))
        assert refused(lambda: app.ask(app.location_stub.CreateSubscription, ask))[1] == "TOPIC_NOT_ALLOWED"
        ask = app.bandwidth.ListRequest()
        assert refused(lambda: app.ask(app.bandwidth_stub.ListAllocations, ask))[1] == "TOPIC_NOT_ALLOWED"
    with Site(server, basic("bandwidth", "secret")) as app:
        info = app.links.BwInfo(app_ins_id="x", fixed_allocation=1_000, allocation_direction=1)
        made = app.ask(app.bandwidth_stub.CreateAllocation, app.bandwidth.CreateAllocationRequest(bw_info=info))
        end = app.bandwidth.DeleteAllocationRequest(allocation_id=made.allocation_id)
        assert refused(lambda: app.ask(app.bandwidth_stub.DeleteAllocation, end))[:2] == (denied, "TOPIC_NOT_ALLOWED")
        assert refused(lambda: app.ask(app.radio_stub.GetRabInfo, app.radio.GetRabInfoRequest()))[0] == denied
    with Site(server) as app:
        assert refused(app.users)[0] == grpc.StatusCode.UNAUTHENTICATED
