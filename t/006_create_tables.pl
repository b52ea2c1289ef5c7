# create_tables() refuses to run in the script of an extension, whose members the
# tables would be; and it makes them without pg_trgm too, with a warning that
# says what to do.
use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::RealBin/lib";
use File::Path qw(make_path);
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use Test::More;

my $tables = q{SELECT count(*) FROM pg_class AS c
	JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = 'fca' AND c.relkind = 'r'};

# The warning of create_tables(), in a database where it can have no trigram
# index; and whether its hint is right.
sub check_warning
{
	my ($node, $dbname, $what, $as_user, $repair) = @_;
	my ($status, $stdout, $stderr) = $node->psql($dbname,
		'SELECT fca.create_tables()', extra_params => $as_user);

	is($status, 0, "$what: create_tables() succeeds");
	is($stdout, join("\n", map { "fca.$_" } relations($node, $dbname)), "$what: every table is made");
	is(() = $stderr =~ /WARNING:/g, 1, "$what: one warning");
	like($stderr, qr/WARNING:.*search_by_name and search_by_keyword/, "$what: of the searches");
	like($stderr, qr/DETAIL:.*pg_trgm/, "$what: that says why");
	my ($hint) = $stderr =~ /HINT:\s+(.*)/;
	like($hint, qr/CREATE EXTENSION pg_trgm/, "$what: and what to install");
	is($node->safe_psql($dbname, q{SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
			JOIN pg_am AS a ON a.oid = (SELECT relam FROM pg_class WHERE oid = i.indexrelid)
			WHERE c.relnamespace = 'fca'::regnamespace AND a.amname = 'gin'}),
		0, "$what: no trigram index");

	# All but the index is there.
	is($node->safe_psql($dbname, q{
			SELECT fca.create(NULL::fca.faq, '{"question": "Lost card?", "answer": "a"}') \g /dev/null
			SELECT id FROM fca.search_by_keyword('CARD')},
			extra_params => $as_user),
		'1', "$what: the search works");
	is( $node->safe_psql($dbname, 'SELECT count(*) FROM fca.create_tables()',
			extra_params => $as_user),
		'0',
		"$what: a second call makes nothing");

	# What the hint says makes what was lacking.
	$repair->();
	$node->safe_psql($dbname, "CREATE EXTENSION pg_trgm; $_")
	  for join ' ', $hint =~ /(CREATE INDEX[^;]*;)/g;
	is($node->safe_psql($dbname, q{
			SELECT indrelid::regclass FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
			JOIN pg_am AS a ON a.oid = c.relam WHERE a.amname = 'gin' ORDER BY 1}),
		"fca.customers\nfca.faqs", "$what: the hint gives the indexes");
	my $plan = $node->safe_psql($dbname, q{
		SET enable_seqscan = off;
		SET client_min_messages = log;
		EXPLAIN SELECT FROM fca.faqs AS r WHERE r.question ~~* '%card%' OR r.keywords ~~* '%card%'});
	like($plan, qr/Bitmap Index Scan on faqs_question/, "$what: which the search can use");
}

#
# A role that may not create in the database, and so no extension.
#

my $node = new_node('desk');
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE maker LOGIN;
	CREATE EXTENSION fca_repo;
	REVOKE CREATE ON DATABASE postgres FROM PUBLIC;
	GRANT CREATE, USAGE ON SCHEMA fca TO maker;
});
check_warning($node, 'postgres', 'without the right to install pg_trgm', [ '-U', 'maker' ], sub { });
is($node->safe_psql('postgres', q{
		SELECT DISTINCT relowner::regrole FROM pg_class
		WHERE relnamespace = 'fca'::regnamespace AND relkind = 'r'}),
	'maker', 'the tables are of their maker');

my $installed = installed_folder($node);
$node->stop;

#
# A server with another extension, and without pg_trgm: it loads from a folder of
# the test.
#

SKIP:
{
	my $folder = abs_path(PostgreSQL::Test::Utils::tempdir) . '/installed';
	my $settings = load_path($folder);
	skip 'this server loads only what is installed in it', 1 if !defined $settings;

	my $share = $folder . share_folder();
	PostgreSQL::Test::RecursiveCopy::copypath($installed, $folder)
	  if $installed ne '';
	make_path($share);

	my $write = sub {
		my ($name, @lines) = @_;
		append_to_file("$share/$name", join '', map { "$_\n" } @lines);
	};
	$write->('desk_app.control', "default_version = '1'", "requires = 'fca_repo'");
	$write->('desk_app--1.sql', 'SELECT fca.create_tables();');
	$write->('desk_app--0.sql', 'CREATE TABLE public.app (id int);');
	$write->('desk_app--0--1.sql', 'SELECT fca.create_tables();');
	$write->('desk_app--2.sql',
		'DO $$ BEGIN PERFORM fca.create_tables(); EXCEPTION WHEN OTHERS THEN NULL; END $$;');
	$write->('desk_app--3.sql',
		'CREATE FUNCTION public.install() RETURNS bigint LANGUAGE sql
			BEGIN ATOMIC SELECT count(*) FROM fca.create_tables(); END;');

	# With no script, it is as good as not there.
	$write->('pg_trgm.control', "default_version = 'none'");

	my $other = new_node('other', conf => $settings);
	$other->start;
	$other->safe_psql('postgres', 'CREATE EXTENSION fca_repo');

	is(sqlstate($other, 'postgres', q{CREATE EXTENSION desk_app VERSION '1'}),
		'0A000', 'refused in the script of an extension');
	my ($status, $stdout, $stderr) =
	  $other->psql('postgres', q{CREATE EXTENSION desk_app VERSION '1'});
	like($stderr, qr/create_tables\(\) cannot be called in the script of an extension/, 'it says why');
	like($stderr, qr/HINT:/, 'and what to do');
	is($other->safe_psql('postgres', $tables), 0, 'no table was made');

	is(sqlstate($other, 'postgres', q{CREATE EXTENSION desk_app VERSION '0'}),
		'00000', 'an extension that makes a table of its own');
	is(sqlstate($other, 'postgres', q{ALTER EXTENSION desk_app UPDATE TO '1'}),
		'0A000', 'refused in the script of an update');
	is($other->safe_psql('postgres', "DROP EXTENSION desk_app; $tables"), 0, 'no table was made');

	$other->safe_psql('postgres', q{CREATE EXTENSION desk_app VERSION '2'});
	is($other->safe_psql('postgres', "DROP EXTENSION desk_app; $tables"),
		0, 'none by a script that goes on after the error');

	# Later, a function of that extension may call it: the tables are no members.
	$other->safe_psql('postgres', q{
		CREATE DATABASE later;
		CREATE DATABASE without;
	});
	$other->safe_psql('later', q{CREATE EXTENSION desk_app VERSION '3' CASCADE});
	my $made = () = relations($other, 'later');
	is($other->safe_psql('later', q{SET client_min_messages = error; SELECT public.install()}),
		$made, 'an extension calls it after it was made');
	is($other->safe_psql('later', "DROP EXTENSION desk_app CASCADE; $tables"),
		$made, 'and does not take the tables along');
	is($other->safe_psql('later', "DROP EXTENSION fca_repo CASCADE; $tables"),
		$made, 'nor does this one');

	$other->safe_psql('without', 'CREATE EXTENSION fca_repo');
	check_warning($other, 'without', 'without pg_trgm', [],
		sub { unlink "$share/pg_trgm.control" or die $! });
	$other->stop;
}

done_testing();
