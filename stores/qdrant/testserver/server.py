"""Stands in for a Qdrant server in tests: the gRPC calls that Thalamus makes, answered in memory.

Everything that decides an answer is the vendor's: the generated gRPC services, the converters between gRPC and the
client's models, and the local engine, which the vendor's own tests keep congruent with the server. What this file adds
is the transport, error codes, and the memory of which payload indexes were asked for, since the local engine has none.
What it cannot show is listed in docs/qdrant.md.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python server.py --port 6334

It prints "listening on 127.0.0.1:6334" once it does. Port 0 takes any free port.
"""

import argparse
import functools
import importlib.metadata
import signal
import sqlite3
import threading
import warnings
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import grpc
from qdrant_client import QdrantClient
from qdrant_client import grpc as pb
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc, grpc_to_payload
from qdrant_client.grpc.collections_service_pb2_grpc import (
    CollectionsServicer,
    add_CollectionsServicer_to_server,
)
from qdrant_client.grpc.points_service_pb2_grpc import PointsServicer, add_PointsServicer_to_server
from qdrant_client.grpc.qdrant_pb2_grpc import QdrantServicer, add_QdrantServicer_to_server
from qdrant_client.local import payload_value_extractor

# The engine parses the path of a payload key for every point anew; remembering it makes tests a third faster.
payload_value_extractor.parse_json_path = functools.cache(payload_value_extractor.parse_json_path)


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(message)
        self.code = code


def unsynced(*args, connect=sqlite3.connect, **kwargs) -> sqlite3.Connection:
    """A connection that does not wait for the disk: what is stored outlives this process, not the machine."""
    connection = connect(*args, **kwargs)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


sqlite3.connect = unsynced  # which the engine calls for each collection that it keeps


class Engine:
    """The vendor's local engine, one call at a time, and the payload indexes of its collections."""

    def __init__(self, data: str | None) -> None:
        self.lock = threading.Lock()
        # All calls hold the lock, so that any thread may use what one has opened.
        kept = {"path": data, "force_disable_check_same_thread": True}
        self.client = QdrantClient(**kept) if data else QdrantClient(":memory:")
        self.indexes: defaultdict[str, dict[str, pb.PayloadSchemaInfo]] = defaultdict(dict)

    def known(self, name: str) -> None:
        if not self.client.collection_exists(name):
            raise Refused(grpc.StatusCode.NOT_FOUND, f"Not found: Collection `{name}` doesn't exist!")


def rpc(method):
    """Runs a call alone, unless the caller has gone away, and turns exceptions into gRPC errors."""

    def call(self, request, context):
        with self.engine.lock:
            if not context.is_active():
                return None
            try:
                return method(self, self.engine, request)
            except Refused as error:
                code, message = error.code, str(error)
            except KeyError as error:  # the engine's word for a point that is not there
                code, message = grpc.StatusCode.NOT_FOUND, f"Not found: No point with id {error} found"
            except (ValueError, TypeError) as error:
                missing = "not found in the collection" in str(error)
                code = grpc.StatusCode.NOT_FOUND if missing else grpc.StatusCode.INVALID_ARGUMENT
                message = str(error)
        context.abort(code, message)

    return call


class Service:
    def __init__(self, engine: Engine):
        self.engine = engine


class Qdrant(Service, QdrantServicer):
    def HealthCheck(self, request, context):
        version = importlib.metadata.version("qdrant-client")
        return pb.HealthCheckReply(title="qdrant-client, local engine", version=version)


class Collections(Service, CollectionsServicer):
    @rpc
    def Create(self, engine, request):
        if engine.client.collection_exists(request.collection_name):
            message = f"Wrong input: Collection `{request.collection_name}` already exists!"
            raise Refused(grpc.StatusCode.ALREADY_EXISTS, message)
        engine.client.create_collection(
            request.collection_name,
            vectors_config=GrpcToRest.convert_vectors_config(request.vectors_config),
            sparse_vectors_config=GrpcToRest.convert_sparse_vector_config(request.sparse_vectors_config),
            metadata=grpc_to_payload(request.metadata),
        )
        engine.indexes.pop(request.collection_name, None)
        return pb.CollectionOperationResponse(result=True)

    @rpc
    def Get(self, engine, request):
        engine.known(request.collection_name)
        info = RestToGrpc.convert_collection_info(engine.client.get_collection(request.collection_name))
        for field, schema in engine.indexes[request.collection_name].items():
            info.payload_schema[field].CopyFrom(schema)
        return pb.GetCollectionInfoResponse(result=info)

    @rpc
    def List(self, engine, request):
        names = [c.name for c in engine.client.get_collections().collections]
        return pb.ListCollectionsResponse(collections=[pb.CollectionDescription(name=n) for n in names])

    @rpc
    def Delete(self, engine, request):
        existed = engine.client.delete_collection(request.collection_name)
        engine.indexes.pop(request.collection_name, None)
        return pb.CollectionOperationResponse(result=existed)


SCHEMAS = {
    pb.FieldTypeKeyword: pb.Keyword,
    pb.FieldTypeInteger: pb.Integer,
    pb.FieldTypeFloat: pb.Float,
    pb.FieldTypeBool: pb.Bool,
    pb.FieldTypeDatetime: pb.Datetime,
    pb.FieldTypeUuid: pb.Uuid,
}


class Points(Service, PointsServicer):
    @rpc
    def CreateFieldIndex(self, engine, request):
        engine.known(request.collection_name)
        schema = pb.PayloadSchemaInfo(data_type=SCHEMAS[request.field_type])
        if request.HasField("field_index_params"):
            schema.params.CopyFrom(request.field_index_params)
        engine.indexes[request.collection_name][request.field_name] = schema
        return done()

    @rpc
    def Upsert(self, engine, request):
        engine.known(request.collection_name)
        engine.client.upsert(
            request.collection_name,
            points=[GrpcToRest.convert_point_struct(p) for p in request.points],
            update_filter=filter_of(request, "update_filter"),
            update_mode=GrpcToRest.convert_update_mode(request.update_mode) if request.HasField("update_mode") else None,
        )
        return done()

    @rpc
    def UpdateVectors(self, engine, request):
        engine.known(request.collection_name)
        engine.client.update_vectors(
            request.collection_name,
            points=[GrpcToRest.convert_point_vectors(p) for p in request.points],
            update_filter=filter_of(request, "update_filter"),
        )
        return done()

    @rpc
    def UpdateBatch(self, engine, request):
        engine.known(request.collection_name)
        operations = [GrpcToRest.convert_points_update_operation(o) for o in request.operations]
        engine.client.batch_update_points(request.collection_name, update_operations=operations)
        return pb.UpdateBatchResponse(result=[completed() for _ in operations])

    @rpc
    def Delete(self, engine, request):
        engine.known(request.collection_name)
        selector = GrpcToRest.convert_points_selector(request.points)
        engine.client.delete(request.collection_name, points_selector=selector)
        return done()

    @rpc
    def Scroll(self, engine, request):
        engine.known(request.collection_name)
        records, following = engine.client.scroll(
            request.collection_name,
            scroll_filter=filter_of(request, "filter"),
            limit=request.limit if request.HasField("limit") else 10,
            order_by=GrpcToRest.convert_order_by(request.order_by) if request.HasField("order_by") else None,
            offset=GrpcToRest.convert_point_id(request.offset) if request.HasField("offset") else None,
            with_payload=GrpcToRest.convert_with_payload_selector(request.with_payload)
            if request.HasField("with_payload")
            else True,
            with_vectors=GrpcToRest.convert_with_vectors_selector(request.with_vectors)
            if request.HasField("with_vectors")
            else False,
        )
        return pb.ScrollResponse(
            result=[RestToGrpc.convert_retrieved_point(r) for r in records],
            next_page_offset=None if following is None else RestToGrpc.convert_extended_point_id(following),
        )

    @rpc
    def Count(self, engine, request):
        engine.known(request.collection_name)
        found = engine.client.count(request.collection_name, count_filter=filter_of(request, "filter"))
        return pb.CountResponse(result=RestToGrpc.convert_count_result(found))

    @rpc
    def QueryBatch(self, engine, request):
        engine.known(request.collection_name)
        answers = engine.client.query_batch_points(
            request.collection_name, requests=[GrpcToRest.convert_query_points(q) for q in request.query_points]
        )
        return pb.QueryBatchResponse(
            result=[
                pb.BatchResult(result=[RestToGrpc.convert_scored_point(p) for p in answer.points])
                for answer in answers
            ]
        )


def filter_of(request, field):
    return GrpcToRest.convert_filter(getattr(request, field)) if request.HasField(field) else None


def completed():
    return pb.UpdateResult(operation_id=0, status=pb.UpdateStatus.Completed)


def done():
    return pb.PointsOperationResponse(result=completed())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=6334, help="of 127.0.0.1; 0 takes any free one")
    parser.add_argument("--data", metavar="DIR", help="where to keep what is stored; in memory unless given")
    arguments = parser.parse_args()
    port = arguments.port

    warnings.simplefilter("ignore")  # that the local engine is not meant for large collections
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=unlimited)
    engine = Engine(arguments.data)
    add_QdrantServicer_to_server(Qdrant(engine), server)
    add_CollectionsServicer_to_server(Collections(engine), server)
    add_PointsServicer_to_server(Points(engine), server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)

    stop = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stop.set())
    stop.wait()
    server.stop(grace=None)


if __name__ == "__main__":
    main()
