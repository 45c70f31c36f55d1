#!/usr/bin/env bash
# A Spark cluster on this machine, of the jars in the pyspark package: a master, workers, and the Thrift server that the target
# spark_cluster of profiles.yml asks. It stands for a real one in trials and tests: 127.0.0.1 alone, and it ends by itself.
#   scripts/spark_cluster.sh start | stop
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${VITALS_SPARK_PYTHON:-$PWD/.venv-spark/bin/python}
workers=${VITALS_SPARK_WORKERS:-2}
worker_memory=${VITALS_SPARK_WORKER_MEMORY:-3g}
driver_memory=${VITALS_SPARK_DRIVER_MEMORY:-2g}
port=${VITALS_SPARK_PORT:-10000}
master_port=${VITALS_SPARK_MASTER_PORT:-7077}
lifetime=${VITALS_SPARK_LIFETIME:-3h}
warehouse=$(realpath -m "${VITALS_WAREHOUSE:-warehouse}")
home=$warehouse/spark/cluster
pids=$home/pids

# A process that a crash left in the list may be somebody else's by now.
is_ours() { tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -q 'org\.apache\.spark'; }

stop() {
    test -f "$pids" || return 0
    tac "$pids" | while read -r pid _; do ! is_ours "$pid" || kill "$pid" 2>/dev/null || true; done
    tac "$pids" | while read -r pid _; do
        for _ in $(seq 40); do is_ours "$pid" || break; sleep 0.25; done
        ! is_ours "$pid" || kill -9 "$pid" 2>/dev/null || true
    done
    rm -f "$pids"
}

run() { # name, command …: in the background, its id and name noted, its output in a log
    local name=$1
    shift
    timeout --foreground "$lifetime" "$@" >"$home/logs/$name.log" 2>&1 &
    # The process itself, not the one that watches its time.
    for _ in $(seq 40); do
        child=$(pgrep -P $! | head -1 || true)
        test -z "$child" || break
        sleep 0.05
    done
    echo "${child:-$!} $name" >>"$pids"
}

await() { # port, log
    for _ in $(seq 480); do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
        sleep 0.25
    done
    echo "Nothing listens on port $1 after 2 minutes: see $home/logs/$2.log" >&2
    stop
    exit 1
}

start() {
    test -x "$python" || { echo "$python is not there: 'make spark' sets it up." >&2; exit 1; }
    stop
    mkdir -p "$home/logs" "$home/work" "$warehouse/spark/tables"
    export SPARK_HOME SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON=$python
    SPARK_HOME=$("$python" -c 'import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent)')
    local class=$SPARK_HOME/bin/spark-class deploy=org.apache.spark.deploy
    # The memory of daemons alone: the Thrift server would take it for its own.
    SPARK_DAEMON_MEMORY=256m run master "$class" $deploy.master.Master --host 127.0.0.1 --port "$master_port" --webui-port 0
    await "$master_port" master
    for number in $(seq "$workers"); do
        SPARK_DAEMON_MEMORY=256m run "worker-$number" "$class" $deploy.worker.Worker --host 127.0.0.1 --webui-port 0 \
            --cores 1 --memory "$worker_memory" --work-dir "$home/work" "spark://127.0.0.1:$master_port"
    done
    run thrift "$SPARK_HOME/bin/spark-submit" --class org.apache.spark.sql.hive.thriftserver.HiveThriftServer2 \
        --master "spark://127.0.0.1:$master_port" --driver-memory "$driver_memory" \
        --conf spark.executor.memory="$worker_memory" --conf spark.executor.cores=1 \
        --conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1 --conf spark.ui.enabled=false \
        --conf spark.sql.warehouse.dir="$warehouse/spark/tables" \
        --conf spark.driver.extraJavaOptions="-Duser.timezone=UTC -Xss16m -Dderby.system.home=$warehouse/spark" \
        --conf spark.executor.extraJavaOptions="-Duser.timezone=UTC -Xss16m" \
        spark-internal --hiveconf hive.server2.thrift.port="$port" --hiveconf hive.server2.thrift.bind.host=127.0.0.1
    await "$port" thrift
    echo "Ready: $workers workers of 1 core and $worker_memory, and Thrift on 127.0.0.1:$port, for $lifetime at most."
    echo "Next: vitals run --target spark_cluster; then scripts/spark_cluster.sh stop"
}

case ${1:-} in
start | stop) "$1" ;;
*)
    echo 'usage: scripts/spark_cluster.sh start | stop' >&2
    exit 2
    ;;
esac
