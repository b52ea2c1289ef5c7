# pg_upgrade from an older major keeps every row and definition, what users added
# to the tables too, and every finder gives what it gave.  FCA_OLD_BINDIR names the
# folder of the older server's programs, a pg_config among them: it is skipped without.
use strict;
use warnings;

use Cwd qw(abs_path getcwd);
use File::Copy qw(copy);
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use Test::More;

my $old_bindir = $ENV{FCA_OLD_BINDIR}
  or plan(skip_all => 'FCA_OLD_BINDIR names no older server');
my $folder = abs_path(PostgreSQL::Test::Utils::tempdir);
my $root = abs_path("$FindBin::RealBin/..");

# With one collation and one kind of page on both sides.
my @initdb = ('--locale=C', '--encoding=UTF8', '--data-checksums');

# What finds the extension elsewhere is about the suite's own server.
delete $ENV{TEMP_CONFIG};
my ($new_bindir) = run_command([ 'pg_config', '--bindir' ]);

# Some minors write options of their own to every column, which a minor of the newer
# major has to know: else no table can be upgraded, ours or another.
{
	my @nodes = map { PostgreSQL::Test::Cluster->new($_->[0], install_path => $_->[1] =~ s{/bin/*$}{}r) }
	  [ 'plain_old', $old_bindir ], [ 'plain_new', $new_bindir ];
	foreach my $node (@nodes)
	{
		$node->init(extra => \@initdb);
		$node->start;
		$node->safe_psql('postgres', q{CREATE TABLE plain (id int PRIMARY KEY, a text NOT NULL DEFAULT 'x')});
	}
	my $options = $nodes[0]->safe_psql('postgres', q{
		SELECT array_to_string(attoptions, ', ') FROM pg_attribute
		WHERE attrelid = 'plain'::regclass AND attname = 'a'});
	my ($status) = $options eq '' ? 0
	  : $nodes[1]->psql('postgres', "ALTER TABLE plain ALTER a SET ($options)");
	$_->stop foreach @nodes;
	plan(skip_all => 'a newer minor of the newer major is needed, which knows'
		  . " the option $options that the older server gives to columns")
	  if $status != 0;
}

# A copy of the server whose programs are in that folder, with the module built for
# it and installed in it: pg_upgrade loads only what is in a server's own folders.
# Gives the folder that its bin is in.
sub copy_server
{
	my ($name, $given) = @_;
	my ($bindir) = run_command([ "$given/pg_config", '--bindir' ]);
	my $copy = "$folder/$name";
	foreach my $what (qw(bindir pkglibdir sharedir))
	{
		my ($path) = run_command([ "$bindir/pg_config", "--$what" ]);
		# In their places to one another, the programs find the rest from where they are.
		make_path("$copy$path");
		system_or_bail('cp', '-R', '-p', "$path/.", "$copy$path");
	}

	my $build = "$folder/build_$name";
	mkdir $build or die "$build: $!";
	copy("$root/$_", $build) or die "$root/$_: $!"
	  foreach qw(Makefile fca_repo.control);
	PostgreSQL::Test::RecursiveCopy::copypath("$root/src", "$build/src",
		filterfn => sub { $_[0] !~ /\.(o|bc)$/ });
	# That of the suite's own make is about another server.
	delete local @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES)};
	command_ok(
		[
			'make', '-s', '-C', $build, 'install', 'with_llvm=no',
			"PG_CONFIG=$bindir/pg_config", "DESTDIR=$copy"
		],
		"build for the $name server");
	return "$copy$bindir" =~ s{/bin/*$}{}r;
}

# One statement for each function that reads: all of its rows, in their order, for
# several arguments.  An estimate is the planner's, and may change.
my @reads = grep { $_ ne 'count_estimate' } read_names;

sub read_statements
{
	return join '', map {
		my ($name, $call) = @$_;
		"\\echo = $name\n" . join(' UNION ALL ', map {
			"SELECT $_, (SELECT string_agg(r::text, E'\\n') FROM (" . $call->($name, $_) . ") AS r)"
		} 1 .. 8) . ";\n"
	} (map { [ $_, \&finder_call ] } finder_names), (map { [ $_, \&read_call ] } @reads);
}

# What they give in a database: name => rows.
sub results
{
	my ($node, $settings) = @_;
	my $stdout = $node->safe_psql('desk', "$settings\n" . read_statements());
	return { map { /^(\w+)\n(.*)/s } grep { $_ ne '' } split /^= /m, $stdout };
}

sub rows
{
	my ($node, $dbname) = @_;
	return { map { ($_ => $node->safe_psql($dbname, qq{
		SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY id)), max(to_jsonb(t)->>'updated_at')
		FROM fca.$_ AS t})) } relations($node, $dbname) };
}

# All that the newer pg_dump says of a database, but for what changes by itself.
sub dump_text
{
	my ($bindir, $node, $dbname) = @_;
	my ($stdout, $stderr) =
	  run_command([ "$bindir/pg_dump", '-d', $node->connstr($dbname) ]);
	is($stderr, '', "dump of $dbname");
	$stdout =~ s/^(\\(un)?restrict |-- Dumped ).*\n//mg;
	return [ split /\n/, $stdout ];
}

#
# The older server
#

# From here on nothing is skipped: who named a server wants to see it upgraded.
my ($old, $new) = map { PostgreSQL::Test::Cluster->new($_->[0], install_path => copy_server(@$_)) }
  [ 'old', $old_bindir ], [ 'new', $new_bindir ];
$old->init(extra => \@initdb);
$old->start;
cmp_ok($old->safe_psql('postgres', 'SHOW server_version_num'),
	'<', 1e4 * $new->pg_version->{num}[0], 'it is an older major');

$old->safe_psql('postgres', q{
	CREATE ROLE agent LOGIN;
	CREATE DATABASE desk;
	CREATE DATABASE dropped;
	CREATE DATABASE theirs;
});

# Transactions are in partitions before create_tables() makes the rest.
$old->safe_psql('desk', q{
	CREATE EXTENSION fca_repo;
	CREATE TABLE fca.transactions (
		id bigint GENERATED BY DEFAULT AS IDENTITY, account_id bigint NOT NULL, reference text NOT NULL,
		amount numeric(15,2) NOT NULL, currency varchar(3) NOT NULL DEFAULT 'GBP', description text NOT NULL,
		category text, merchant_name text, occurred_at timestamptz NOT NULL DEFAULT now(),
		created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
		PRIMARY KEY (id, occurred_at)) PARTITION BY RANGE (occurred_at);
	CREATE TABLE fca.transactions_old PARTITION OF fca.transactions FOR VALUES
		FROM (MINVALUE) TO ('2026-03-01 03:00Z');
	CREATE TABLE fca.transactions_new PARTITION OF fca.transactions FOR VALUES
		FROM ('2026-03-01 03:00Z') TO (MAXVALUE);
});
run_fixture($old, 'desk', 'desk');
$old->safe_psql('desk', q{
	ALTER TABLE fca.customers ADD COLUMN shoe_size int DEFAULT 40;
	ALTER TABLE fca.customers ADD CONSTRAINT shoes CHECK (shoe_size < 60);
	ALTER TABLE fca.customers DROP COLUMN notes;
	ALTER TABLE fca.customers ADD COLUMN notes varchar(500);
	UPDATE fca.customers SET shoe_size = 40 + id WHERE id % 2 = 0;
	CREATE INDEX customers_by_shoe ON fca.customers (shoe_size) WHERE is_active;
	CREATE STATISTICS fca.names ON first_name, last_name FROM fca.customers;
	ALTER TABLE fca.customers ENABLE ROW LEVEL SECURITY;
	CREATE POLICY vips_only ON fca.customers FOR SELECT TO agent USING (is_vip);
	GRANT USAGE ON SCHEMA fca TO agent;
	GRANT SELECT ON ALL TABLES IN SCHEMA fca TO agent;
	COMMENT ON TABLE fca.accounts IS 'what our customers have with us';
	COMMENT ON COLUMN fca.accounts.balance IS 'in the currency of the account';
	CREATE TABLE public.audit (at timestamptz, what text);
	CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO public.audit VALUES (now(), tg_op || ' ' || tg_table_name); RETURN NULL; END $$;
	CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON fca.accounts EXECUTE FUNCTION public.note();
	-- What of the user's depends on the extension's types and functions.
	CREATE TABLE public.seen (customer fca.customer, at timestamptz DEFAULT '2026-01-01Z');
	INSERT INTO public.seen SELECT c FROM fca.find_vip_customers() AS c;
	CREATE VIEW public.vips AS SELECT v.email, a.account_number
		FROM fca.find_vip_customers() AS v CROSS JOIN LATERAL fca.list_by_customer(v.id) AS a;
	ANALYZE;
});

# Tables that outlived their extension.
run_fixture($old, 'dropped', 'desk');
$old->safe_psql('dropped', 'DROP EXTENSION fca_repo');

# An extension and a schema of a role that is no superuser, open to all: pg_upgrade runs
# no script of the extension, whose guard would refuse that.
$old->safe_psql('theirs', q{
	GRANT CREATE ON DATABASE theirs TO agent;
	SET ROLE agent;
	CREATE EXTENSION fca_repo;
	SELECT fca.create_tables();
	GRANT USAGE, CREATE ON SCHEMA fca TO PUBLIC;
});

check_calls($old, 'desk');
my $rows = rows($old, 'desk');
my $results = results($old, '');
my %text = map { ($_ => dump_text($new_bindir, $old, $_)) } qw(desk dropped theirs);
# Of each function some call gives something: nothing would be equal too.
is_deeply([ grep { $results->{$_} !~ /\|./ } (grep { gives_rows($old, 'desk', $_) } finder_names), @reads ],
	[], 'every function that reads gives rows');
$old->stop;

#
# The newer one
#

$new->init(extra => \@initdb);
{
	local $ENV{PGHOST} = '';
	my @data_dirs = map { abs_path($_->data_dir) } $old, $new;
	my $before = getcwd;
	# It writes its logs where it is started.
	chdir $folder or die "$folder: $!";
	command_ok(
		[
			$new->config_data('--bindir') . '/pg_upgrade',
			'-b', $old->config_data('--bindir'), '-B', $new->config_data('--bindir'),
			'-d', $data_dirs[0], '-D', $data_dirs[1],
			'-p', $old->port, '-P', $new->port,
			'-s', $new->host
		],
		'pg_upgrade');
	chdir $before or die "$before: $!";
}
$new->start;
# The fixture analyzes it too; not every major brings statistics with it.
$new->safe_psql('desk', 'ANALYZE');

is_deeply(rows($new, 'desk'), $rows, 'rows and updated_at');
is_deeply(dump_text($new_bindir, $new, $_), $text{$_}, "definitions and rows of $_")
  foreach qw(desk dropped theirs);
is_deeply(results($new, ''), $results, 'every function gives what it gave');
is_deeply(results($new, 'SET enable_seqscan = off;'),
	$results, 'by the indexes too');
check_calls($new, 'desk');

is($new->safe_psql('desk', 'SELECT count(*) FROM fca.create_tables()'),
	0, 'every relation is there');
is($new->safe_psql('desk', q{
		SELECT id FROM fca.create(NULL::fca.customer,
			'{"customer_id": "new", "email": "new", "first_name": "a", "last_name": "b"}')
		UNION ALL
		SELECT id FROM fca.create(NULL::fca.transaction,
			'{"account_id": 1, "reference": "new", "amount": 1, "description": "d"}')}),
	"9\n31", 'the sequences go on, that of partitions too');
is($new->safe_psql('desk', q{
		UPDATE fca.customers SET phone = '1' WHERE id = 1;
		SELECT updated_at > '2026-01-05 10:00Z' FROM fca.customers WHERE id = 1}),
	't', 'updated_at is kept');
is($new->safe_psql('desk', q{
		TRUNCATE public.audit;
		UPDATE fca.accounts SET balance = 0 WHERE id = 1;
		SELECT what FROM public.audit}),
	'UPDATE accounts', "the user's trigger");
is($new->safe_psql('desk', 'SELECT count(*) FROM fca.find_active_customers()',
		extra_params => [ '-U', 'agent' ]),
	3, "the user's policy");
is(sqlstate($new, 'desk', 'UPDATE fca.customers SET shoe_size = 60'),
	'23514', "the user's constraint");
is($new->safe_psql('desk', 'SELECT count(*), min((customer).email) FROM public.seen'),
	'4|c1@example.com', "a column of an extension's type");
is($new->safe_psql('desk', 'SELECT count(*) FROM public.vips'), 6, 'a view over finders');

# The extension is a whole one: it can be dropped, and made again on the same rows.
$rows = rows($new, 'desk');
$new->safe_psql('desk', q{
	DROP VIEW public.vips;
	DROP TABLE public.seen;
	DROP EXTENSION fca_repo;
	CREATE EXTENSION fca_repo;
});
is_deeply(rows($new, 'desk'), $rows, 'dropped and made again: every row is there');
$new->safe_psql('dropped', 'CREATE EXTENSION fca_repo');
is($new->safe_psql('dropped', q{
		SELECT first_name FROM fca.find_by_email('c1@example.com')
		UNION ALL SELECT count(*)::text FROM fca.create_tables()}),
	"Zoë\n0", 'finders work on tables that outlived their extension');

$new->stop;
done_testing();
