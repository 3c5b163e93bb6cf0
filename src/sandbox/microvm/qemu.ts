import type { Machine, MachineMonitor } from './monitor.ts';

const MIB = 2 ** 20;
/** For translated code, which QEMU keeps: bounded, because it is in the job's control group. */
const TRANSLATION_MIB = 256;

/** Of what it does while it boots the kernel says nothing but why it ends, or all. */
const SAYS_LITTLE = ['quiet', 'loglevel=3'];
const SAYS_ALL = ['loglevel=7'];

/** What the kernel is told besides: end at once. */
const KERNEL_OPTIONS = [
  'panic=-1',
  'oops=panic',
  'random.trust_cpu=on',
  // A machine that is translated on a busy host sees its timers late, and is not to give up for that.
  'no_timer_check',
  'nowatchdog',
  // Known answers of ciphers that nothing here uses: a tenth of the boot.
  'cryptomgr.notests',
];

/**
 * QEMU (7.2 or later, for its stream link) as an ordinary process without rights: no monitor, no display, no device that is
 * not named here, no file but what it is shown. Its own filter refuses it to start programs and to change users.
 */
export const qemu: MachineMonitor = {
  command: (program, machine) => [
    program,
    '-nodefaults',
    '-no-user-config',
    '-no-reboot',
    '-display',
    'none',
    '-serial',
    'stdio',
    '-sandbox',
    'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    '-machine',
    'q35,usb=off,smbus=off,sata=off,graphics=off,hpet=off,vmport=off',
    ...accelerator(machine),
    '-smp',
    String(machine.processors),
    '-m',
    `${Math.ceil(machine.memoryBytes / MIB)}M`,
    '-kernel',
    machine.kernel,
    '-initrd',
    machine.initramfs,
    '-append',
    [
      'console=ttyS0',
      ...(machine.talks ? SAYS_ALL : SAYS_LITTLE),
      ...KERNEL_OPTIONS,
      ...(machine.tries === true ? ['--', 'try'] : []),
    ].join(' '),
    '-device',
    'virtio-serial-pci,max_ports=8',
    ...machine.ports.flatMap(({ name, socket }, at) => [
      '-chardev',
      `socket,id=port${at},path=${socket}`,
      '-device',
      `virtserialport,chardev=port${at},name=${name}`,
    ]),
    ...machine.shares.flatMap(({ tag, path, readOnly }, at) => [
      '-fsdev',
      `local,id=share${at},path=${path},security_model=none,multidevs=remap,readonly=${readOnly ? 'on' : 'off'}`,
      '-device',
      `virtio-9p-pci,fsdev=share${at},mount_tag=${tag}`,
    ]),
    ...(machine.link === undefined ? [] : linked(machine.link)),
  ],
};

function linked({ socket, hardware }: NonNullable<Machine['link']>): readonly string[] {
  return [
    '-netdev',
    `stream,id=link,server=off,addr.type=unix,addr.path=${socket}`,
    '-device',
    `virtio-net-pci,netdev=link,mac=${hardware},romfile=`,
  ];
}

function accelerator({ acceleration }: Machine): readonly string[] {
  return acceleration === 'kvm'
    ? // No virtualisation inside of it, and no counters of the host's: what a guest has no use for, it cannot attack.
      ['-accel', 'kvm', '-cpu', 'host,vmx=off,svm=off,pmu=off']
    : // Five levels of page tables are five steps for each address that is translated.
      ['-accel', `tcg,thread=multi,tb-size=${TRANSLATION_MIB}`, '-cpu', 'max,la57=off'];
}
