# What the TAP tests share: servers that find the module, and a call of every
# function of the extension.
package FcaRepo;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_node load_path installed_folder share_folder run_fixture
  relations signatures finder_call finder_place has_samples has_rows gives_rows read_call write_call stream_call finder_names
  read_names write_names stream_names in_block check_calls sqlstate);

my $root = dirname(dirname(dirname(abs_path(__FILE__))));

#
# Servers
#

sub pg_config
{
	my ($option) = @_;
	my ($stdout) = run_command([ 'pg_config', $option ]);
	return $stdout;
}

# The folder below a destination in which control files and scripts are.
sub share_folder
{
	return pg_config('--sharedir') . '/extension';
}

# The settings with which a server finds what is installed below a folder, before
# what is installed in itself; undef where it has no such setting.
sub load_path
{
	my ($folder) = @_;
	my ($settings) = run_command([ 'postgres', '--describe-config' ]);

	# Debian's own
	return "extension_destdir = '$folder'\n"
	  if $settings =~ /^extension_destdir\t/m;
	return "extension_control_path = '$folder"
	  . pg_config('--sharedir')
	  . ":\$system'\ndynamic_library_path = '$folder"
	  . pg_config('--pkglibdir')
	  . ":\$libdir'\n"
	  if $settings =~ /^extension_control_path\t/m;
	return undef;
}

# The destination folder that a running server was told to load from; '' for
# what is installed in itself.
sub installed_folder
{
	my ($node) = @_;
	my $path = $node->safe_psql('postgres', q{
		SELECT coalesce(current_setting('extension_destdir', true), '')});
	return $path if $path ne '';

	$path = $node->safe_psql('postgres', q{
		SELECT coalesce(current_setting('extension_control_path', true), '')});
	($path) = split /:/, $path;
	return '' if !defined $path || $path !~ m{^/};
	$path =~ s/\Q@{[pg_config('--sharedir')]}\E$//;
	return $path;
}

# A server that is set up but not started.  It never has to survive a crash.
sub new_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(
		extra => [ '--locale=C', '--encoding=UTF8' ],
		%{ $options{init} || {} });
	$node->append_conf('postgresql.conf', load_path($ENV{FCA_DESTDIR}) || '')
	  if $ENV{FCA_DESTDIR};
	$node->append_conf('postgresql.conf', "fsync = off\njit = off\n");
	$node->append_conf('postgresql.conf', $options{conf}) if $options{conf};
	return $node;
}

# Runs a file of sql/fixtures.
sub run_fixture
{
	my ($node, $dbname, $name) = @_;
	$node->command_ok(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1',
			'-d', $node->connstr($dbname),
			'-f', "$root/sql/fixtures/$name.sql"
		],
		"fixture $name");
}

# The SQLSTATE that a script ends in; 00000 for none.
sub sqlstate
{
	my ($node, $dbname, $sql, %options) = @_;
	my ($status, $stdout, $stderr) = $node->psql(
		$dbname, $sql,
		on_error_stop => 1,
		extra_params => [ '-v', 'VERBOSITY=sqlstate' ],
		%options);
	return $1 if $stderr =~ /(?:ERROR|FATAL):\s+(\w{5})/;
	return $status == 0 ? '00000' : "psql: $stderr";
}

#
# Calls
#
# Those of finders are by sql/fixtures/calls.sql, from the catalog.  Of the other
# functions, which work on any model, the arguments are here, as SQL in which i is
# a number.  All suit the rows of the fixture "desk" for small numbers.  A finder's
# paging arguments are not among them.
#

# The functions of the extension: name => { kind, arguments, ... }
my %functions;

my %reads = (
	get_by_id => q{NULL::fca.customer, i},
	get_many => q{NULL::fca.customer, ARRAY(SELECT generate_series(1, i % 9))},
	get_all =>
	  q{NULL::fca.customer, skip => 1 + i % 3, max_rows => 101 + i % 900, sort_by => 'last_name desc'},
	get_by_filters =>
	  q{NULL::fca.conversation, jsonb_build_object('customer_id', i, 'summary', NULL, 'status',
	  (SELECT jsonb_agg(s) FROM unnest(ARRAY['escalated', 'active', 'closed']) WITH ORDINALITY AS u (s, n)
	  WHERE n <= 1 + i % 3)), max_rows => 11 + i % 90},
	find_one => q{NULL::fca.conversation, jsonb_build_object('escalation_id', 'ESC-' || i)},
	get_page =>
	  q{NULL::fca.conversation, jsonb_build_object('message_count', jsonb_build_object('lt', i)),
	  'updated_at desc', 11 + i % 90,
	  jsonb_build_object('updated_at', timestamptz '2026-05-01Z' + i * interval '1 hour', 'id', i)},
	get_children =>
	  q{NULL::fca.message, 'conversation_id', ARRAY[i, 1], 1 + i % 9, 'created_at desc'},
	count => q{NULL::fca.transaction, jsonb_build_object('account_id', i)},
	count_estimate => q{NULL::fca.transaction, jsonb_build_object('account_id', i)},
	exists => q{NULL::fca.message, i},
);

my %writes = (
	create =>
	  q{NULL::fca.customer, jsonb_build_object('customer_id', 'N-' || i, 'email', 'n' || i || '@example.com',
	  'first_name', 'N', 'last_name', i::text)},
	create_many =>
	  q{NULL::fca.faq, jsonb_build_array(jsonb_build_object('question', 'q' || i, 'answer', 'a'),
	  jsonb_build_object('question', 'r' || i, 'answer', 'b', 'category', 'new', 'is_active', false))},
	update => q{NULL::fca.product, 1 + i % 5, jsonb_build_object('description', 'd' || i)},
	update_many =>
	  q{NULL::fca.account, '{"status": "frozen"}', jsonb_build_object('balance', i)},
	delete => q{NULL::fca.message, i},
	delete_many => q{NULL::fca.transaction, jsonb_build_object('id', jsonb_build_array(i, -i))},
	create_tables => '',
	create_many_report =>
	  q{NULL::fca.faq, jsonb_build_array(jsonb_build_object('question', 's' || i, 'answer', 'a'))},
	update_if =>
	  q{NULL::fca.product, 1 + i % 5, jsonb_build_object('id', jsonb_build_object('gt', 0)),
	  jsonb_build_object('description', 'e' || i)},
	upsert => q{NULL::fca.product, jsonb_build_object('id', 1 + i % 5, 'description', 'f' || i)},
	upsert_many =>
	  q{NULL::fca.product, jsonb_build_array(jsonb_build_object('id', 1 + i % 5, 'description', 'g' || i))},
	get_by_id_for_update => q{NULL::fca.customer, i},
);

# What opens a cursor: it is VOLATILE, but writes nothing.
my %streams = (
	open_cursor =>
	  q{NULL::fca.customer, jsonb_build_object('id', jsonb_build_object('gt', i)), 'last_name'},
	open_finder =>
	  q{'find_by_conversation', jsonb_build_object('conversation_id', i, 'max_rows', NULL)},
);

sub call
{
	my ($name, $arguments, $i) = @_;
	# on one line, as some tests write a call into a script
	$arguments =~ s/\s+/ /g;
	$arguments =~ s/\bi\b/$i/g;
	return "SELECT * FROM fca.$name($arguments)";
}

# A query of sql/fixtures, as the rows that it gives.
sub fixture_rows
{
	my ($node, $dbname, $name) = @_;
	my $query = slurp_file("$root/sql/fixtures/$name.sql");
	my $json = $node->safe_psql($dbname,
		"SET search_path = pg_catalog; SELECT coalesce(json_agg(q), '[]') FROM ($query) AS q");
	# as bytes, in which calls are sent too
	return @{ JSON::PP->new->decode($json) };
}

# The relations of the resources, those first to which others refer.
sub relations
{
	my ($node, $dbname) = @_;
	return map { $_->{relation} } fixture_rows($node, $dbname, 'resources');
}

# Functions of a kind.
sub of_kind
{
	my ($kind) = @_;
	die 'check_calls() comes first' if !%functions;
	return sort grep { $functions{$_}->{kind} eq $kind } keys %functions;
}

sub finder_names { return of_kind('finder'); }
sub read_names { return sort keys %reads; }
sub write_names { return sort(keys %writes, of_kind('locking finder')); }
sub stream_names { return sort keys %streams; }

# The values of those arguments of a function that a condition is true of.
sub values_of
{
	my ($name, $condition) = @_;
	return map { "$_->{name} => $_->{value}" } grep { $condition->() } @{ $functions{$name}->{arguments} };
}

# Has the relation of a finder rows?  That of a new resource may have none in a fixture.
sub has_rows
{
	my ($node, $dbname, $name) = @_;
	return $node->safe_psql($dbname, "SELECT EXISTS (SELECT FROM fca.$functions{$name}->{relation})") eq 't';
}

# Must a call of a finder give rows?
sub gives_rows
{
	my ($node, $dbname, $name) = @_;
	return has_samples($name) && has_rows($node, $dbname, $name);
}

# Are the values of a finder's arguments those of the fixture "desk"?
sub has_samples
{
	my ($name) = @_;
	return !grep { !defined $_->{default} && !$_->{known} } @{ $functions{$name}->{arguments} };
}

# A call of a finder: the rest are paging arguments.
sub finder_call
{
	my ($name, $i, @paging) = @_;
	return call($name, join(', ', values_of($name, sub { !defined $_->{default} }), @paging), $i);
}

# The paging arguments that name a place, if it has any.
sub finder_place
{
	my ($name, $i) = @_;
	return map { s/\bi\b/$i/gr } values_of($name, sub { $_->{name} =~ /^after_/ });
}

sub read_call { my ($name, $i) = @_; return call($name, $reads{$name}, $i); }

sub write_call
{
	my ($name, $i) = @_;
	return exists $writes{$name} ? call($name, $writes{$name}, $i) : finder_call($name, $i);
}

# A statement in a transaction block of its own, which a cursor needs.
sub in_block { my ($sql) = @_; return "BEGIN;\n$sql;\nROLLBACK"; }

sub stream_call { my ($name, $i) = @_; return call($name, $streams{$name}, $i); }

# The functions of the extension in the catalog: name => [names of arguments].
sub signatures
{
	my ($node, $dbname, $condition) = @_;
	return map {
		my ($name, $arguments) = split /\|/, $_, -1;
		($name => [ split /,/, $arguments ])
	} split /\n/, $node->safe_psql($dbname, qq{
		SELECT p.proname, coalesce(array_to_string(p.proargnames, ','), '')
		FROM pg_proc AS p
		JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass
			AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass
			AND e.oid = d.refobjid AND e.extname = 'fca_repo'
		WHERE $condition});
}

# Reads how the functions of a database are called, and checks that each can be.
sub check_calls
{
	my ($node, $dbname) = @_;
	%functions = map { ($_->{name} => $_) } fixture_rows($node, $dbname, 'calls');
	my %all = signatures($node, $dbname, "obj_description(p.oid, 'pg_proc') NOT LIKE 'for the planner:%'");

	is_deeply([ sort keys %functions ], [ sort keys %all ], 'every function is known by its kind');
	is_deeply(
		[
			map { my $name = $_; map { "$name($_->{name} $_->{type})" }
				  grep { !defined $_->{default}
					  && !defined $_->{value} } @{ $functions{$name}->{arguments} } }
			  of_kind('finder'), of_kind('locking finder')
		],
		[],
		'every argument of a finder has a value');
	is_deeply([ of_kind('read') ], [read_names], 'every read has a call');
	is_deeply([ of_kind('write') ], [ sort keys %writes ], 'every write has a call');
	is_deeply([ of_kind('stream') ], [stream_names], 'every stream has a call');
	is_deeply([ sort keys %functions ],
		[ sort(finder_names(), read_names(), write_names(), stream_names()) ],
		'there is no other function');
}

1;
