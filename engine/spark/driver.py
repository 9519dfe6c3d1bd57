"""Runs statements for Ledgermill in the user's Spark, as spark-submit starts it.

Each line of the socket is a JSON request with an id, answered by one line. Requests run
at the same time, each in a session of its own: temporary views of one are unknown to
the others. The application ends when the socket does.
"""
import functools
import json
import os
import re
import socket
import threading
import time
import traceback

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.functions import lit


def causes(e):
    """The Java errors behind an error, outermost first."""
    one = getattr(e, "_origin", None) or getattr(e, "java_exception", None)
    while one is not None:
        yield one
        one = one.getCause()


def fault(e):
    """What is known of an error: its words, its SQLSTATE, and its place in the statement."""
    found = {"message": str(e), "class": "", "state": "", "start": -1, "line": 0, "column": 0}
    from py4j.java_gateway import is_instance_of

    gateway = getattr(SparkSession.getActiveSession() or SparkSession._instantiatedSession, "_sc", None)
    for one in causes(e):
        if gateway is None or not is_instance_of(gateway._gateway, one, "org.apache.spark.SparkThrowable"):
            continue
        state = one.getSqlState() or ""
        if found["state"] and state[:2] not in ("0A", "21", "22", "42"):
            continue  # of a wrapper, or of the machinery
        found.update({"message": one.getMessage() or "", "class": one.getCondition() or "", "state": state})
        for context in one.getQueryContext() or []:
            if str(context.contextType()) == "SQL" and not context.objectName():
                found["start"] = context.startIndex()
                break
    place = re.search(r"\(line (\d+), pos (\d+)\)|; line (\d+) pos (\d+)", found["message"] or "") or re.search(
        r"\(line (\d+), pos (\d+)\)|; line (\d+) pos (\d+)", str(e)
    )
    if place:
        found["line"] = int(place[1] or place[3])
        found["column"] = int(place[2] or place[4]) + 1
    return found


def told(e):
    """What is known of an error, also where Java, which knows more, has gone."""
    try:
        return fault(e)
    except Exception:  # pylint: disable=broad-except
        return {"message": str(e), "class": "", "state": "", "start": -1, "line": 0, "column": 0}


def written(spark, path):
    """The data files below a path."""
    jvm = spark._jvm
    root = jvm.org.apache.hadoop.fs.Path(path)
    found = root.getFileSystem(spark._jsc.hadoopConfiguration()).listFiles(root, True)
    files = []
    while found.hasNext():
        one = found.next()
        if one.getPath().getName().startswith("part-"):
            files.append(one.getPath().toString())
    return sorted(files)


class Sessions:
    """Sessions that are not in use: to make one takes longer than many a statement."""

    def __init__(self, base):
        self.base, self.idle, self.lock = base, [], threading.Lock()

    def take(self):
        with self.lock:
            return self.idle.pop() if self.idle else self.base.newSession()

    def give(self, session):
        with self.lock:
            self.idle.append(session)


def run(sessions, request):
    spark = sessions.take()
    shown = request["views"] + [view for unit in request["units"] for view in unit["views"]]
    try:
        return evaluate(spark, request)
    finally:
        for name in {view["name"] for view in shown}:
            spark.catalog.dropTempView(name)
        sessions.give(spark)


# To part a few megabytes among tasks takes longer than to read them in one, and rows in
# one task need no shuffle.
SMALL = 8 << 20


def show(spark, views):
    for view in views:
        if view["paths"]:
            frame = spark.read.schema(view["schema"]).parquet(*view["paths"])
            if frame._jdf.queryExecution().analyzed().stats().sizeInBytes() <= SMALL:
                frame = frame.coalesce(1)
            frame = frame.selectExpr(*view["select"]).where(view["where"])
        else:
            frame = spark.sql(view["sql"])
        frame.createOrReplaceTempView(view["name"])


def rows(spark, request):
    if not request["units"]:
        show(spark, request["views"])
        return spark.sql(request["sql"])
    frames = []
    for unit in request["units"]:
        show(spark, unit["views"])
        frames.append(spark.sql(request["sql"]).withColumn(request["partition"][0], lit(unit["unit"])))
    return functools.reduce(lambda a, b: a.unionAll(b), frames)


def evaluate(spark, request):
    frame = rows(spark, request)
    answer = {}
    if request["write"]:
        frame.write.mode("overwrite").partitionBy(*request["partition"]).parquet(request["write"])
        answer["files"] = written(spark, request["write"])
    else:
        answer["rows"] = [list(row) for row in frame.collect()]
    return answer


def progress(tracker, say):
    """Tells how far the stages at work are, now and then."""
    while True:
        time.sleep(5)
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        stages = [stage for stage in stages if stage]
        if stages:
            say({"id": 0, "tasks": sum(s.numTasks for s in stages), "done": sum(s.numCompletedTasks for s in stages), "failed": sum(s.numFailedTasks for s in stages)})


def main():
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(os.environ["LEDGERMILL_SPARK_SOCKET"])
    lines = link.makefile("r", encoding="utf-8", newline="\n")
    writing = threading.Lock()

    def say(answer):
        data = (json.dumps(answer) + "\n").encode("utf-8")
        with writing:
            link.sendall(data)

    try:
        spark = SparkSession.builder.getOrCreate()
    except Exception as e:  # pylint: disable=broad-except
        say({"id": 0, "error": told(e)})
        raise SystemExit(1)
    context = spark.sparkContext
    context.setLogLevel("ERROR")
    say({"id": 0, "version": spark.version, "master": context.master, "application": context.applicationId, "ui": context.uiWebUrl or ""})

    sessions = Sessions(spark)
    threading.Thread(target=progress, args=(context.statusTracker(), say), daemon=True).start()

    def serve(request):
        try:
            context.setJobGroup("ledgermill %d" % request["id"], request["what"], interruptOnCancel=True)
            answer = run(sessions, request)
        except Exception as e:  # pylint: disable=broad-except
            answer = {"error": told(e)}
        answer["id"] = request["id"]
        say(answer)

    from pyspark import InheritableThread

    try:
        for line in lines:
            request = json.loads(line)
            if "cancel" in request:
                context.cancelJobGroup("ledgermill %d" % request["cancel"])
                continue
            InheritableThread(target=serve, args=(request,), daemon=True).start()
        # The mill has gone or has no more to ask: what still runs is of no use to anybody.
        context.cancelAllJobs()
        spark.stop()
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:  # where Java has gone, too: no thread that waits for it keeps the process
        os._exit(0)


main()
