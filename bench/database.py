"""The benchmark's databases: one for each size, made and asked through psql."""

import os
import subprocess

from cases import FINDERS, learn

HERE = os.path.dirname(os.path.abspath(__file__))


class Database:
    def __init__(self, bindir, n):
        self.bindir = bindir
        self.n = n
        self.name = f"bench_{n}"
        self.facts = {}

    def psql(self, sql="", *arguments):
        """Runs SQL, or what the arguments say, and gives the rows as lists of texts."""
        done = subprocess.run(
            [os.path.join(self.bindir, "psql"), "-qXAt", "-F", "\t", "-v", "ON_ERROR_STOP=1",
             *arguments, self.name],
            input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"psql failed:\n{done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, sql):
        return self.psql(sql)[0][0]

    def make(self):
        """The extension, its tables, the data, and what the other camps have instead."""
        subprocess.run([os.path.join(self.bindir, "createdb"), self.name], check=True)
        self.psql("CREATE EXTENSION fca_repo; SELECT fca.create_tables();")
        self.psql("", "-v", f"n={self.n}", "-f", os.path.join(HERE, "load.sql"))
        self.psql("", "-f", os.path.join(HERE, "generic.sql"))
        learn(self)
        twins = [definition for finder in FINDERS for definition in finder.twins()]
        self.psql(";\n".join(["CREATE SCHEMA sql_twin", "CREATE SCHEMA plpgsql_twin", *twins]) + ";")
        self.facts = dict(self.psql("SELECT name, value FROM bench.facts"))
