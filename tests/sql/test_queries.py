"""The queries of `trailbell sql` return what the engine matches: in DuckDB, and as Athena's dialect by way of sqlglot."""

import re
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

import duckdb
import sqlglot
from corpus import around, filters, generated, matches, real, rules_file, trailbell

# The parser of sqlglot calls itself for each part of a condition.
sys.setrecursionlimit(20_000)

FILES = {"real": real, "generated": generated}
# A query that cannot be exact may return this many times as many records as match.
MOST_OTHERS = 10


def queries(dialect, source):
    """The query of each filter."""
    def of(name):
        return trailbell("sql", "--dialect", dialect, "--rules", rules_file(name), "--rule", name, source)
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(filters(), pool.map(of, filters())))


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.duckdb = queries("duckdb", "FILES")
        cls.athena = queries("athena", "cloudtrail_logs_pp")
        cls.expected = {name: matches(file()) for name, file in FILES.items()}
        cls.tables = {}
        head = re.match(r"(?:--.*\n)*WITH cloudtrail AS \(\n(.*?)\n\),?\n", next(iter(cls.duckdb.values())), re.DOTALL)
        for name, file in FILES.items():
            cls.tables[name] = duckdb.connect()
            table = head.group(1).replace("'FILES'", f"'{file()}'")
            cls.tables[name].execute(f"CREATE TABLE cloudtrail AS {table}")
            cls.tables[name].execute("CREATE VIEW cloudtrail_logs_pp AS FROM cloudtrail")
            cls.head = head.group(0)

    def ids(self, table, query):
        """The ids of the events that a query returns, which are as many as its rows."""
        rows = self.tables[table].execute(f"SELECT eventid FROM ({query})").fetchall()
        self.assertEqual(len({row[0] for row in rows}), len(rows))
        return {row[0] for row in rows}

    def over_table(self, query):
        """The query over the table of its files."""
        return re.sub(r"WITH cloudtrail AS \(\n.*?\n\)(,?)\n", lambda found: "WITH " if found[1] else "", query, count=1,
                      flags=re.DOTALL)

    def check(self, queries):
        """Compares the results of queries with the engine's matches."""
        for table in FILES:
            for name, query in queries.items():
                with self.subTest(table=table, filter=filters()[name]):
                    found, expected = self.ids(table, query), self.expected[table][name]
                    self.assertLessEqual(expected, found, "records are missing")
                    if "no column for `userIdentity.inScopeOf`" in self.duckdb[name]:
                        continue  # Whether a function calls is known from this alone.
                    if "-- superset: " in query or "-- superset: " in self.duckdb[name]:
                        self.assertLessEqual(len(found), MOST_OTHERS * max(len(expected), 1))
                    else:
                        self.assertEqual(found, expected)

    def test_every_filter_matches_a_generated_record(self):
        for name, found in self.expected["generated"].items():
            self.assertTrue(found, filters()[name])
        self.assertGreater(sum(map(bool, self.expected["real"].values())), 20)

    def test_most_queries_are_exact(self):
        exact = sum("-- superset: " not in query for query in self.duckdb.values())
        print(f"\n{exact} of {len(self.duckdb)} shipped filters are exact queries")
        self.assertGreaterEqual(exact, 0.8 * len(self.duckdb))

    def test_duckdb_returns_what_the_engine_matches(self):
        self.check({name: self.over_table(query) for name, query in self.duckdb.items()})

    def test_athenas_dialect_returns_the_same(self):
        for query in self.athena.values():
            self.assertEqual(len(sqlglot.parse(query, dialect="trino")), 1)
        self.check({name: sqlglot.transpile(query, read="athena", write="duckdb")[0]
                    for name, query in self.athena.items()})

    def test_a_query_reads_the_files_that_it_names(self):
        name = max(self.expected["real"], key=lambda name: len(self.expected["real"][name]))
        query = trailbell("sql", "--dialect", "duckdb", "--rules", rules_file(name), "--rule", name, real(), generated())
        expected = self.expected["real"][name] | self.expected["generated"][name]
        self.assertEqual({row[0] for row in duckdb.execute(f"SELECT eventid FROM ({query})").fetchall()}, expected)

    def test_events_around_one_have_its_values(self):
        for table, file in FILES.items():
            found = self.tables[table].execute(
                "SELECT eventid FROM cloudtrail WHERE useridentity.accesskeyid <> '' USING SAMPLE 5 (reservoir, 17)")
            for id in [row[0] for row in found.fetchall()]:
                for same in ("accessKey", "principal", "accessKey,principal,ip,session"):
                    arguments = ("--around", id, "--within", "10m", "--same", same)
                    for dialect in ("duckdb", "athena"):
                        with self.subTest(table=table, around=id, same=same, dialect=dialect):
                            query = trailbell("sql", *arguments, "--dialect", dialect, "cloudtrail_logs_pp")
                            # The table has no `credentialId`, which names some principals.
                            self.assertEqual("-- superset: " in query, "principal" in same)
                            if dialect == "athena":
                                query = sqlglot.transpile(query, read="athena", write="duckdb")[0]
                            result = self.ids(table, self.over_table(query))
                            expected = around(file(), arguments)
                            self.assertEqual("session" in same and not result, expected is None)
                            if expected is not None and "principal" in same:
                                self.assertLessEqual(set(expected), set(result))
                                self.assertLessEqual(len(result), 10 * len(expected))
                            elif expected is not None:
                                self.assertEqual(result, expected)


if __name__ == "__main__":
    unittest.main()
