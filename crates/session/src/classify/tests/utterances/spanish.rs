/// Whole turns of callers.
pub(super) const WHOLE: &str = "
    quiero reservar una mesa para dos
    llamo por mi cita del jueves
    puedo hablar con alguien de facturación
    sí me parece bien
    tienen algo más temprano
    a qué hora cierran hoy
    necesito cancelar mi reserva
    me lo puede repetir por favor
    me llamo Carmen Ruiz
    creo que me quedo con el azul
    cuánto cuesta
    no gracias
    eso es todo
    me puede enviar un correo de confirmación
    no estoy seguro
    es para mi hija
    dónde están
    hay aparcamiento cerca
    me cobraron dos veces el mes pasado
    el paquete no ha llegado
    sí ya soy cliente
    se me olvidó la contraseña
    el viernes a las tres
    me parece perfecto
    prefiero por la mañana
    qué me recomienda
    no tengo la tarjeta aquí
    es por la factura que me mandaron
    quiero devolver unos zapatos
    cuánto hay que esperar
    internet no funciona desde ayer
    me puede decir cuándo llega
    me mudé la semana pasada
    somos seis personas
    el coche no arranca
    necesito una receta
    podemos hacerlo el lunes
    con quién hablo
    para qué es
    espero que sí
    creo que sí
    sí adelante
    claro por qué no
    eso no es lo que pedí
    lo entregaron en otra dirección
    quisiera cambiar mi vuelo
    tiene garantía
    cómo entro en mi cuenta
    vivo cerca de la estación
    está en el segundo piso
    tengo que llevar algo
    solo nosotros dos
    lo antes posible
    el próximo miércoles si puede ser
    llamo más tarde
    nada más gracias
    muchas gracias
    llevo una hora esperando
    ya lo he intentado
    no sigue igual
    mi mujer hizo la reserva
    soy alérgico a los frutos secos
    habla inglés
    también quiero la grande
    no me dieron el recibo
    sería perfecto
    qué tal está
    lo necesito para mañana
    no importa
    puedo pagar en efectivo
    el desayuno está incluido
    perdí las llaves
    qué documentos necesito
    creo que no
    tengo una pregunta sobre mi factura
    tiene siete años
    la calefacción no funciona
    sí es correcto
    no el otro
    voy a llegar diez minutos tarde
    cancélela por favor
    quiero hablar con un encargado
    qué significa eso
    está a nombre de mi marido
    quería una cita para cortarme el pelo
    se me ha averiado el coche en la autopista
    eso tiene algún coste
    cuál es la política de cancelación
    quiero el menú vegetariano
    tienen hueco mañana
    hace un ruido raro
    no así está bien
    me podría hacer un presupuesto
    me interesa el piso de dos habitaciones
    cuándo puedo entrar
    mi hijo tiene fiebre
    creo que tres días
    es alérgico a la penicilina
    cuál es más barato
    me pasa con María
    quiero hablar con una persona
    hay un error en mi pedido
    solo llegó la mitad
    el número de seguimiento no funciona
    es demasiado caro
    lo tienen en azul
    puedo recogerlo esta noche
    nos quedamos tres noches
    mi vuelo llega a las nueve
    sin cebolla por favor
    quiero poner una reclamación
    no hubo heridos
    tengo las fotos
    se lo agradezco
    me puede llamar al móvil
    me viene mejor por la mañana
    no me interesa
    quién es
    ya lo pagué
    solo quiero mi dinero
    eso es lo que dije
    no lo encuentro
    no enciende
    qué más tienen
    dónde está
    perdone no le he oído
    no sé qué es eso
";

/// Turns cut where people pause, some of them after a word that could end a sentence: no list can
/// tell those.
pub(super) const CUT: &str = "
    quiero reservar una mesa para
    llamo porque
    me llamo
    quería saber si
    sí mire estaba mirando el
    me puede decir a qué hora
    necesito cambiar mi
    tienen algo para el
    es por el pedido que
    quiero asegurarme de que
    el problema es que
    me gustaría
    me lo puede mandar a mi
    estábamos pensando en
    tengo una cita con
    mi dirección es
    estoy buscando
    le llamo por
    cuando intento entrar me
    quiero dos pizzas grandes y
    hay alguna forma de
    lo compré en
    empezó hace como
    puedo ir el
    vamos a ser unos
    me dijeron que
    no sé si
    creo que era
    mi hija tiene
    preferiría algo en la
    porque la última vez
    bueno pues
    a ver
    y luego cuando
    es que
    se supone que es
    mi teléfono es el seis uno dos
    es el cinco cinco
    el código es nueve
    déjeme ver
    lo pedí el
    podría hablar con
    entonces quería
    si me pudiera
    la cuenta está a nombre de
    dice que mi
    tenemos que estar allí a las
    busco un
    llevo siendo cliente desde
    tengo una pregunta sobre
    me mandaron el
    vivo en
    qué pasa si
    o el martes o
    depende de
    hay un problema con
    vi en su página que
    sí pero
    no yo quiero
    y cuánto sería
    voy a necesitar
    mi correo es ana arroba gmail
    el médico me dijo que
    puedo el lunes pero
    mi marido y
    la semana pasada compré unos zapatos
    llamé ayer
    el viernes
    quería pedir una cita
    recibí el paquete
    cuando llegué a casa
    la chaqueta azul
    hola sí llamaba por una
    quería una cita para
    se me ha averiado el coche y
    cuál es la política de cancelación si
    quiero el menú vegetariano pero sin
    tienen algún
    hace un ruido raro desde que
    me podría hacer un presupuesto de
    me interesa el piso que
    cuándo puedo
    mi hijo ha estado
    creo que son unos
    es alérgico a
    cuál de los
    me pasa con su
    necesito hablar con alguien que
    hay un error en el
    solo me ha llegado
    el número de seguimiento es
    quería cambiarme a
    nos quedamos desde el
    mi vuelo llega sobre las
    y también quería
    quiero poner una reclamación porque mi
    me dieron un golpe mientras
    me puede llamar al
    me viene bien cualquier día menos
    entre las
    lo que necesito es
    hablé con una chica que se llama
    me dijo que me
    es el que está cerca de
    si es posible preferiría
    no estoy seguro de si
    el número de cuenta es cuatro cinco
    eh bueno mi pedido tenía que
    habíamos quedado en
    no quiero
    es que el
    perdone yo
    y qué pasa con el
    me cobraron
    el martes por la tarde
    mi casero
";
