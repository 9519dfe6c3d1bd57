"""The job a PySpark user would write for the same work: the peer that the mill is measured against.

Reads raw CSV, refuses what the bank's contract refuses, keeps one record of each key, and makes the fact and both daily
summaries by the project's own SQL models, which Spark runs as they are; writes all three as Snappy Parquet, divided by
date, and, with JDBC_URL or --jdbc, loads them into PostgreSQL. Written to be a fair peer: declared schema, decimals, adaptive
execution, one pass with the fact cached, no count() that the work does not need, batched and rewritten inserts on every
core.

    [JDBC_URL=jdbc:postgresql://...] pyspark_job.py --input 'input/transactions/*.csv' --models sql/models --output out

With --warm N it runs N times first, prints "ready", and then runs once for each line on its standard input, printing the
seconds that it took.
"""
import argparse
import os
import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession, Window, functions as F
from pyspark.sql import types as T

COLUMNS = ["transaction_id", "transaction_date", "transaction_timestamp", "customer_id", "transaction_type", "amount",
           "currency", "status", "merchant_id", "merchant_name", "merchant_category", "country", "channel", "card_type",
           "is_fraudulent", "processing_time_ms"]

SCHEMA = T.StructType([T.StructField(n, T.StringType()) for n in COLUMNS])

KINDS = ("PAYMENT", "TRANSFER", "WITHDRAWAL", "DEPOSIT", "MOBILE_PAYMENT", "DIRECT_DEBIT", "CHECK", "ONLINE_PURCHASE")

# What a text must look like before it is cast: the casts alone let more pass than the contract does.
DATE = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
TIMESTAMP = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\z"
AMOUNT = r"\A[+-]?([0-9]+(\.[0-9]{1,2}0*)?|\.[0-9]{1,2}0*)\z"
INTEGER = r"\A[+-]?[0-9]{1,19}\z"

# Table in the warehouse, dataset, and how the dataset is divided in the lake.
DATASETS = [("transactions_fact", "transactions", ["year", "month", "day"]),
            ("daily_transaction_summary", "daily_transaction_summary", ["year", "month"]),
            ("merchant_daily_summary", "merchant_daily_summary", [])]


def shaped(column, pattern, kind):
    """The column as a type where its text has the shape, null elsewhere."""
    return F.when(F.col(column).rlike(pattern), F.expr(f"try_cast({column} as {kind})"))


def clean(spark, path):
    raw = (spark.read.csv(path, header=True, schema=SCHEMA, escape='"')
           .withColumn("object", F.input_file_name()))
    text = raw.select("object", *[F.expr(rf"nullif(trim(both ' \t' from {c}), '')").alias(c) for c in COLUMNS])
    flag = F.lower("is_fraudulent")
    typed = (text.withColumn("timed", F.col("processing_time_ms").isNotNull())
             .withColumn("transaction_date", shaped("transaction_date", DATE, "date"))
             .withColumn("transaction_timestamp", shaped("transaction_timestamp", TIMESTAMP, "timestamp_ntz"))
             .withColumn("amount", shaped("amount", AMOUNT, "decimal(18,2)"))
             .withColumn("processing_time_ms", shaped("processing_time_ms", INTEGER, "int"))
             .withColumn("is_fraudulent", F.when(flag.isNull() | flag.isin("false", "f", "0", "no", "n"), False)
                         .when(flag.isin("true", "t", "1", "yes", "y"), True))
             .fillna({"merchant_id": "UNKNOWN", "merchant_name": "UNKNOWN", "merchant_category": "UNKNOWN",
                      "currency": "EUR", "card_type": "UNKNOWN"}))
    accepted = (typed.where(F.col("transaction_type").isin(*KINDS)
                            & F.col("status").isin("COMPLETED", "PENDING", "FAILED", "CANCELLED")
                            & F.col("channel").isin("ONLINE", "POS", "ATM", "MOBILE", "BRANCH")
                            & F.col("currency").rlike(r"\A[A-Z]{3}\z"))
                .where("transaction_id is not null and customer_id is not null and amount > 0 and amount <= 1000000 "
                       "and is_fraudulent is not null and (not timed or processing_time_ms is not null) "
                       "and cast(transaction_timestamp as date) = transaction_date"))
    order = ["transaction_timestamp", "object"] + [c for c in COLUMNS if c not in ("transaction_id", "transaction_date",
                                                                                  "transaction_timestamp")]
    latest = Window.partitionBy("transaction_id", "transaction_date").orderBy(*[F.desc_nulls_last(c) for c in order])
    return accepted.withColumn("place", F.row_number().over(latest)).where("place = 1").select(*COLUMNS)


def calendar(df):
    return (df.withColumn("year", F.year("transaction_date").cast("smallint"))
            .withColumn("month", F.month("transaction_date").cast("smallint"))
            .withColumn("day", F.dayofmonth("transaction_date").cast("smallint")))


def work(spark, a):
    clean(spark, a.input).createOrReplaceTempView("raw_transactions")
    model = {dataset: (Path(a.models) / f"{dataset}.sql").read_text() for _, dataset, _ in DATASETS}
    fact = spark.sql(model["transactions"]).cache()
    fact.createOrReplaceTempView("transactions")
    for table, dataset, parts in DATASETS:
        rows = fact if dataset == "transactions" else spark.sql(model[dataset])
        (calendar(rows) if parts else rows).write.mode("overwrite").partitionBy(*parts).parquet(f"{a.output}/{dataset}")
        if a.jdbc:
            # What was computed is read again from where it was stored, but for the fact, which is in memory.
            if dataset != "transactions":
                rows = spark.read.parquet(f"{a.output}/{dataset}").select(*rows.columns)
            out = rows if table == "merchant_daily_summary" else calendar(rows)
            (out.write.format("jdbc").option("url", a.jdbc).option("dbtable", table)
             .option("driver", "org.postgresql.Driver").option("batchsize", 10000).mode("append").save())
    fact.unpersist()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--input", required=True)
    p.add_argument("--models", required=True)
    p.add_argument("--output", required=True)
    p.add_argument("--jdbc", default=os.environ.get("JDBC_URL"),
                   help="URL with user and password in it; better told by JDBC_URL, which other users cannot see")
    p.add_argument("--jar", help="PostgreSQL's JDBC driver")
    p.add_argument("--warm", type=int, help="run so often before the first line is read")
    a = p.parse_args()
    session = (SparkSession.builder.appName("peer").master("local[*]")
               .config("spark.driver.memory", "8g").config("spark.ui.enabled", "false")
               .config("spark.sql.shuffle.partitions", "8").config("spark.sql.parquet.compression.codec", "snappy")
               .config("spark.ui.showConsoleProgress", "false")
               .config("spark.sql.session.timeZone", "UTC").config("spark.sql.timestampType", "TIMESTAMP_NTZ"))
    if a.jar:
        session = session.config("spark.jars", a.jar)
    spark = session.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    if a.warm is None:
        work(spark, a)
        return
    for _ in range(a.warm):
        work(spark, a)
    print("ready", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        work(spark, a)
        print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main()
