"""Settings by which each client uses a certificate's files: commands, code and names of fields.

The mode is ``verify-ca`` everywhere: Heroku does not document whether its certificates carry the host
names of URLs.
"""

from dataclasses import dataclass
from textwrap import dedent
from typing import Final, Self

from bot.domain.mtls.connection_parameters import ConnectionParameters

NEW_PK8: Final = (
    "openssl pkcs8 -topk8 -inform PEM -in postgresql.key -outform DER -out postgresql.pk8 -nocrypt"
)
"""Converts the key for pgjdbc."""

NEW_P12: Final = (
    "openssl pkcs12 -export -in postgresql.crt -inkey postgresql.key -name user "
    "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -out postgresql.p12"
)
"""Makes a ``.p12`` like the delivered one, with another password."""

MODE: Final = "chmod 600 postgresql.key"


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """What the settings are filled in with; nothing in it needs quotes (`ConnectionParameters.of`).

    Attributes:
        service: name of the service in ``pg_service.conf``.
        fetch: a command that prints the URL in PowerShell; empty where a name would need quotes there.
    """

    host: str
    port: str
    base: str
    user: str
    service: str
    fetch: str

    @classmethod
    def of(cls, parameters: ConnectionParameters | None, *, service: str, fetch: str) -> Self:
        """Returns the values of known parameters, or words in capitals to be replaced."""
        if parameters is None:
            return cls(host="HOST", port="PORT", base="DATABASE", user="USER", service=service, fetch=fetch)
        return cls(
            host=parameters.host,
            port=str(parameters.port),
            base=parameters.base,
            user=parameters.user,
            service=service,
            fetch=fetch,
        )


def service_file(it: Values) -> str:
    """Returns ``pg_service.conf`` (PostgreSQL manual, "The Connection Service File")."""
    return _lines(
        f"""
        [{it.service}]
        host={it.host}
        port={it.port}
        dbname={it.base}
        user={it.user}
        sslmode=verify-ca
        sslcert=postgresql.crt
        sslkey=postgresql.key
        sslrootcert=root.crt
        """
    )


def psql(it: Values) -> str:
    """Returns a line for psql with the service file, which is not in libpq's default place."""
    return f"PGSERVICEFILE=pg_service.conf psql service={it.service}"


def powershell(it: Values) -> str:
    """Returns the same for PowerShell."""
    return _lines(
        f"""
        $env:PGSERVICEFILE = "pg_service.conf"
        psql "service={it.service}"
        """
    )


def powershell_url(it: Values) -> str:
    """Returns lines for psql in PowerShell, with the URL that the Heroku CLI prints."""
    return _lines(
        f"""
        $env:PGSSLMODE = "verify-ca"
        $env:PGSSLCERT = "postgresql.crt"
        $env:PGSSLKEY = "postgresql.key"
        $env:PGSSLROOTCERT = "root.crt"
        psql ({it.fetch})
        """
    )


def powershell_default(it: Values) -> str:
    """Returns lines for psql with the files in libpq's default folder (PostgreSQL manual, "SSL Support")."""
    return _lines(
        f"""
        New-Item -ItemType Directory -Force "$env:APPDATA\\postgresql" | Out-Null
        Copy-Item postgresql.crt, postgresql.key, root.crt "$env:APPDATA\\postgresql"
        psql "host={it.host} port={it.port} dbname={it.base} user={it.user} sslmode=verify-ca"
        """
    )


def jdbc(it: Values) -> str:
    """Returns a URL of pgjdbc with the key in DER."""
    return (
        f"jdbc:postgresql://{it.host}:{it.port}/{it.base}?user={it.user}&sslmode=verify-ca"
        "&sslcert=postgresql.crt&sslkey=postgresql.pk8&sslrootcert=root.crt"
    )


def jdbc_p12(it: Values) -> str:
    """Returns a URL of pgjdbc with the ``.p12``, which it recognizes by its extension."""
    return (
        f"jdbc:postgresql://{it.host}:{it.port}/{it.base}?user={it.user}&sslmode=verify-ca"
        "&sslkey=postgresql.p12&sslrootcert=root.crt"
    )


def dbeaver(it: Values) -> str:
    """Returns the fields of DBeaver's connection, as its English user interface names them."""
    return _lines(
        f"""
        Main  Host                 {it.host}
              Port                 {it.port}
              Database             {it.base}
              Username             {it.user}
        SSL   Use SSL              yes
              CA Certificate       root.crt
              Client Certificate   postgresql.crt
              Client Private Key   postgresql.pk8
              SSL mode             verify-ca
        """
    )


def datagrip(it: Values) -> str:
    """Returns the fields of DataGrip's data source, as its English user interface names them."""
    return _lines(
        f"""
        General  Host                      {it.host}
                 Port                      {it.port}
                 User                      {it.user}
                 Database                  {it.base}
        SSH/SSL  Use SSL                   yes
                 CA file                   root.crt
                 Client certificate file   postgresql.crt
                 Client key file           postgresql.pk8
                 Mode                      Verify CA
        """
    )


def npgsql(it: Values) -> str:
    """Returns a connection string of Npgsql with the files in PEM."""
    return f"{_npgsql(it)};SSL Certificate=postgresql.crt;SSL Key=postgresql.key"


def npgsql_pfx(it: Values) -> str:
    """Returns one with the ``.p12``, which Npgsql takes for PEM unless its extension is ``.pfx``."""
    return f"{_npgsql(it)};SSL Certificate=postgresql.pfx"


def psycopg(it: Values) -> str:
    """Returns Python code for psycopg 3."""
    return _lines(
        f"""
        import os

        import psycopg

        with psycopg.connect(
            host="{it.host}",
            port={it.port},
            dbname="{it.base}",
            user="{it.user}",
            password=os.environ["PGPASSWORD"],
            sslmode="verify-ca",
            sslcert="postgresql.crt",
            sslkey="postgresql.key",
            sslrootcert="root.crt",
        ) as connection:
            print(connection.execute("SELECT 1").fetchone())
        """
    )


def node_postgres(it: Values) -> str:
    """Returns JavaScript code for node-postgres.

    Without ``checkServerIdentity``, Node compares the host name too, which is ``verify-full``.
    """
    return _lines(
        f"""
        const {{ readFileSync }} = require("node:fs");
        const {{ Client }} = require("pg");

        const client = new Client({{
          host: "{it.host}",
          port: {it.port},
          database: "{it.base}",
          user: "{it.user}",
          password: process.env.PGPASSWORD,
          ssl: {{
            ca: readFileSync("root.crt", "utf8"),
            cert: readFileSync("postgresql.crt", "utf8"),
            key: readFileSync("postgresql.key", "utf8"),
            checkServerIdentity: () => undefined,
          }},
        }});
        client
          .connect()
          .then(() => client.query("SELECT 1"))
          .then((result) => console.log(result.rows))
          .finally(() => client.end());
        """
    )


def _npgsql(it: Values) -> str:
    return (
        f"Host={it.host};Port={it.port};Database={it.base};Username={it.user}"
        ";SSL Mode=VerifyCA;Root Certificate=root.crt"
    )


def _lines(text: str) -> str:
    return dedent(text).strip("\n") + "\n"
